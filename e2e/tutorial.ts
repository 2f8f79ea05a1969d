// The tutorial as data: what its tests take out of it.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')
export const FILE = join(ROOT, 'docs/tutorial.md')
export const markdown = await readFile(FILE, 'utf8')

const fenced = (language: string): string[] =>
  [...markdown.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text.trim())

/** What it tells the reader to type into a terminal, in its order. */
export const commands: readonly string[] = fenced('sh')
/** The file that step 3 drops. */
export const [few = ''] = fenced('json')
/** Headings of its steps: "1. Get familiar". */
export const steps: readonly string[] = [...markdown.matchAll(/^## (\d.*)$/gm)].map(([, title = '']) => title)

/** The tutorial's own word for them. */
const ITSELF = 'italics'
const prose = markdown.replace(/```[\s\S]*?```/g, '').replace(/`[^`]*`/g, '')
/** What it puts in italics: words of the pages. */
export const labels: readonly string[] = [...prose.matchAll(/(?<!\w)_([^_]+)_(?!\w)/g)]
  .map(([, label = '']) => label.replace(/\s+/g, ' '))
  .filter((label) => label !== ITSELF)
