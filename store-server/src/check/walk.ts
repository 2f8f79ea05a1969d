import { type FileHandle, lstat, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../storage/errno.ts'
import { StorageError } from '../storage/storage.ts'
import { type Place, placeOf, UNCHECKED } from './places.ts'

/** A file, or whatever else lies there that is no folder. */
export interface FolderEntry {
  /** Below the data folder, with "/" between folders. */
  readonly path: string
  readonly place: Place
  /** False for links, pipes and the like. */
  readonly isFile: boolean
}

/** Everything in the data folder, by name; links are not followed. Throws StorageError E_NOT_FOUND when it is no data folder. */
export async function entriesOf(root: string): Promise<FolderEntry[]> {
  const top = await readdir(root, { withFileTypes: true }).catch((error: unknown) => {
    throw notOurs(root, errnoOf(error) === 'ENOENT' ? 'no folder' : errnoOf(error), error)
  })
  if (!top.some(({ name }) => ['layout', 'registry.json', 'jobs', 'blobs-v1'].includes(name)))
    throw notOurs(root, top.length === 0 ? 'an empty folder' : 'a folder of something else')
  const entries: FolderEntry[] = []
  await collect(root, '', entries)
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const notOurs = (root: string, got: string, cause?: unknown): StorageError =>
  new StorageError('E_NOT_FOUND', root, 'the data folder of a store', got, { cause })

async function collect(root: string, folder: string, entries: FolderEntry[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    const place = placeOf(path)
    // A folder where a file belongs is a finding, not a way down.
    if (entry.isDirectory() && place.type === 'foreign') {
      if (folder !== '' || !UNCHECKED.has(entry.name)) await collect(root, path, entries)
    } else entries.push({ path, place, isFile: entry.isFile() })
  }
}

/** Bytes of a small file, or null when there is none. */
export async function bytesOrNull(root: string, path: string): Promise<Buffer | null> {
  try {
    return await readFile(join(root, path))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
    throw error
  }
}

export const modeOf = async (root: string, path: string): Promise<number> =>
  (await lstat(join(root, path))).mode & 0o777

/** Opens for reading, and closes whatever happens. */
export async function reading<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, 'r')
  try {
    return await use(handle)
  } finally {
    await handle.close()
  }
}
