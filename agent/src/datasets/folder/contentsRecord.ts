import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contentsOf, type FolderContents, type KnownImage } from './contents.ts'

/** Records of trainings that are kept; those that were used longest ago go first. */
const MAX_RECORDS = 64

const ENDING = '.json'
const pathOf = (root: string, id: string): string => join(root, `${id}${ENDING}`)

/** Keeps which pictures there were, so that later ones can be compared with them. Throws what the file system throws. */
export async function saveContents(root: string, { id, classNames, images }: FolderContents): Promise<void> {
  await mkdir(root, { recursive: true })
  const rows = images.map(({ sha256, className, name }) => [sha256, classNames.indexOf(className), name])
  // Another process may write the same record: whichever is renamed last is as good.
  const temporary = join(root, `${id}.${process.pid}.tmp`)
  try {
    await writeFile(temporary, JSON.stringify({ classNames, images: rows }))
    await rename(temporary, pathOf(root, id))
  } finally {
    await rm(temporary, { force: true })
  }
  await prune(root)
}

async function prune(root: string): Promise<void> {
  const records = (await readdir(root)).filter((name) => name.endsWith(ENDING))
  if (records.length <= MAX_RECORDS) return
  const used = await Promise.all(
    records.map(async (name) => ({ name, usedMs: (await stat(join(root, name)).catch(() => null))?.mtimeMs ?? 0 })),
  )
  used.sort((a, b) => b.usedMs - a.usedMs)
  await Promise.all(used.slice(MAX_RECORDS).map(({ name }) => rm(join(root, name), { force: true })))
}

/** The pictures of that id; null when nothing is known of them any more, or the record is damaged. */
export async function loadContents(root: string, id: string, nowMs: number): Promise<FolderContents | null> {
  try {
    const contents = parseRecord(await readFile(pathOf(root, id), 'utf8'))
    if (contents?.id !== id) return null
    await utimes(pathOf(root, id), nowMs / 1000, nowMs / 1000).catch(() => undefined)
    return contents
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).syscall === 'string') return null
    throw error
  }
}

function parseRecord(text: string): FolderContents | null {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || !('classNames' in value) || !('images' in value)) return null
  const { classNames, images } = value
  if (!isTexts(classNames) || !Array.isArray(images)) return null
  const known: KnownImage[] = []
  for (const [sha256, label, name] of images.filter(Array.isArray)) {
    const className = classNames[Number(label)]
    if (typeof sha256 !== 'string' || typeof name !== 'string' || className === undefined) return null
    known.push({ sha256, className, name })
  }
  // The id is made anew of what was read: a damaged record has another one.
  return contentsOf(classNames, known)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')
