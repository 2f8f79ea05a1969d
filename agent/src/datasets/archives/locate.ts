import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Part, Place } from './parts.ts'

/** What the search depends on besides its options: taken from `process`, or made up by a test. */
export interface Surroundings {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly home: string
  readonly currentFolder: string
}

/** How deep below each root the archive or the folder may lie. */
export const MAX_DEPTH = 2

/** Most folders looked into below one root: a root may be someone's whole home. */
const MAX_FOLDERS = 20_000

/** Pawprint's own folder for data in the user's cache: where downloads go. */
export function cacheFolder({ env, platform, home }: Surroundings): string {
  const own = join('pawprint', 'datasets')
  // The XDG rules say that a relative value is to be ignored.
  if (env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME)) return join(env.XDG_CACHE_HOME, own)
  if (platform === 'darwin') return join(home, 'Library', 'Caches', own)
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), own)
  return join(home, '.cache', own)
}

/** `--datasets FOLDER` or `--datasets=FOLDER`, the last one given. */
function flagOf(argv: readonly string[]): string | undefined {
  return argv.reduce<string | undefined>((found, word, index) => {
    if (word === '--datasets') return argv[index + 1] ?? found
    return word.startsWith('--datasets=') ? word.slice('--datasets='.length) : found
  }, undefined)
}

/** The folder that a person named, and by what: the option, the flag, or the variable, the first there is. */
export function namedFolder(directory: string | undefined, around: Surroundings): { by: string; path: string } | null {
  const choices = [
    { by: 'directory', path: directory },
    { by: '--datasets', path: flagOf(around.argv) },
    { by: 'PAWPRINT_DATASETS', path: around.env.PAWPRINT_DATASETS },
  ]
  const chosen = choices.find(({ path }) => path)
  return chosen?.path ? { by: chosen.by, path: resolve(around.currentFolder, chosen.path) } : null
}

/**
 * The folder `datasets` where the code runs, and the one beside that folder: a notebook runs in its own folder, and people put data
 * into that of the checkout.
 */
export const localFolders = ({ currentFolder }: Surroundings): [string, string] => [
  join(currentFolder, 'datasets'),
  join(dirname(currentFolder), 'datasets'),
]

const UNREADABLE = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP'])

/** What is in a folder, sorted by name; nothing when it is missing or closed to us. */
export async function listFolder(path: string): Promise<Dirent[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (UNREADABLE.has(error.code ?? '')) return []
    throw error
  })
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** `folder`, `file` or null for anything else; follows links. */
export async function kindOf(path: string): Promise<'folder' | 'file' | null> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (UNREADABLE.has(error.code ?? '')) return null
    throw error
  })
  return found?.isDirectory() ? 'folder' : found?.isFile() ? 'file' : null
}

/** Looks for a part in one folder, not below it. `isWhole` is false for an unpacked folder from which files are missing. */
async function partIn(
  path: string,
  entries: readonly Dirent[],
  { archive, folder, files }: Part,
): Promise<{ place: Place; isWhole: boolean } | null> {
  const has = (name: string): boolean => entries.some((entry) => entry.name === name)
  const unpacked: Place = { type: 'folder', path: join(path, folder) }
  const isThere = folder === '' || (has(folder) && (await kindOf(unpacked.path)) === 'folder')
  const inside = folder === '' || !isThere ? entries : await listFolder(unpacked.path)
  const present = files.filter((name) => inside.some((entry) => entry.name === name))
  if (isThere && present.length === files.length) return { place: unpacked, isWhole: true }
  const packed: Place = { type: 'archive', path: join(path, archive) }
  if (has(archive) && (await kindOf(packed.path)) === 'file') return { place: packed, isWhole: true }
  // Other sets have folders of that name, too: it takes one of the files to know it.
  return isThere && folder !== '' && present.length > 0 ? { place: unpacked, isWhole: false } : null
}

/** Looks for all parts in one folder; null unless each is there. */
async function lookIn(
  path: string,
  entries: readonly Dirent[],
  parts: readonly Part[],
): Promise<{ places: readonly Place[]; isWhole: boolean } | null> {
  const found: { place: Place; isWhole: boolean }[] = []
  for (const part of parts) {
    const one = await partIn(path, entries, part)
    if (one === null) return null
    found.push(one)
  }
  return { places: found.map(({ place }) => place), isWhole: found.every(({ isWhole }) => isWhole) }
}

async function foldersBelow(path: string, entries: readonly Dirent[]): Promise<string[]> {
  const folders: string[] = []
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === 'node_modules') continue
    const below = join(path, entry.name)
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await kindOf(below)) === 'folder')
    if (isFolder) folders.push(below)
  }
  return folders
}

/** The folder that holds a root which is itself an archive, or an unpacked folder, of one of the parts; else null. */
async function folderAround(root: string, parts: readonly Part[]): Promise<string | null> {
  const name = basename(root)
  const kind = parts.some(({ archive, folder }) => name === archive || name === folder) ? await kindOf(root) : null
  const isPart = parts.some((part) => name === (kind === 'file' ? part.archive : part.folder))
  return kind !== null && isPart ? dirname(root) : null
}

/**
 * Looks for a data set, all its parts in one folder, in each root in turn, the root itself first, then at most MAX_DEPTH folders
 * down; the nearest wins. A root may also be an archive or an unpacked folder itself. An unpacked folder with files missing is
 * answered only when there is nothing better, so that reading it can say what is missing. One place a part; null: nowhere.
 */
export async function locate(parts: readonly Part[], roots: readonly string[]): Promise<readonly Place[] | null> {
  let leftover: readonly Place[] | null = null
  for (const root of roots) {
    const around = await folderAround(root, parts)
    const beside = around === null ? null : await lookIn(around, await listFolder(around), parts)
    if (beside?.isWhole) return beside.places
    leftover ??= beside?.places ?? null
    let level = [root]
    let visited = 0
    for (let depth = 0; depth <= MAX_DEPTH; depth++) {
      const next: string[] = []
      for (const folder of level) {
        if (++visited > MAX_FOLDERS) break
        const entries = await listFolder(folder)
        const found = await lookIn(folder, entries, parts)
        if (found?.isWhole) return found.places
        leftover ??= found?.places ?? null
        if (depth < MAX_DEPTH) next.push(...(await foldersBelow(folder, entries)))
      }
      level = next
    }
  }
  return leftover
}
