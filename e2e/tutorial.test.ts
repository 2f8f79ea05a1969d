// The tutorial's words are those of the pages; its commands, files and values are there.
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { FILE, few, labels, markdown, ROOT } from './tutorial.ts'

const PAGES = ['web/src', 'ui/src', 'demo-app/src']
/** What the page puts in itself: the notebook that is chosen, what a picture is. */
const FILLED_IN = /(?<= on) shapes$|…$/

async function sourcesOf(folder: string): Promise<string> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && /(?<!\.test)\.(svelte|ts)$/.test(entry.name))
  return (await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')))).join('\n')
}

test('each word that it puts in italics is one of the pages', async () => {
  const shown = (await Promise.all(PAGES.map(sourcesOf))).join('\n')
  expect(labels.length).toBeGreaterThan(15)
  expect(labels.filter((label) => !shown.includes(label.replace(FILLED_IN, '')))).toEqual([])
})

test('its commands are scripts of the project, its links lead somewhere, and its notebook is there', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const commands = [...markdown.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name)
  expect(commands).toContain('start')
  for (const name of commands) expect(scripts).toHaveProperty([name])
  const links = [...markdown.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => join(dirname(FILE), path))
  const notebooks = [...markdown.matchAll(/notebooks\/[a-z0-9-]+\.ipynb/g)].map(([path]) => join(ROOT, path))
  expect([...links, ...notebooks].filter((path) => !existsSync(path))).toEqual([])
})

test('the values that it drops are values of its notebook, but for the one that it says is ignored', async () => {
  const notebook = await readFile(join(ROOT, 'notebooks/shapes.ipynb'), 'utf8')
  const [, declared = ''] = /CONF_OBJ = (\{[\s\S]*?\})/.exec(notebook) ?? []
  const unknown = Object.keys(JSON.parse(few)).filter((key) => !declared.includes(`${key}:`))
  expect(unknown).toEqual(['FOO'])
})
