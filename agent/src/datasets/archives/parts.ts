import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../errors.ts'
import { readArchive } from './archive.ts'
import { readTar } from './tar.ts'

/** One of the archives that a data set comes in. */
export interface Part {
  /** Its file name, "images.tar.gz". */
  readonly archive: string
  /** The folder that it unpacks to, "images"; empty when its files come to lie beside it. */
  readonly folder: string
  /** Names of files without which the folder is not complete. */
  readonly files: readonly string[]
}

/** Where a part lies: the archive, or the folder that it unpacks to. */
export interface Place {
  readonly type: 'archive' | 'folder'
  readonly path: string
}

/** One file of a part. */
export interface PartFile {
  /** Below the part's folder, with "/" between folders. */
  readonly name: string
  readonly sizeBytes: number
  read(): Promise<Uint8Array>
}

/** What of a part to read. */
export interface Wanted {
  readonly part: Part
  readonly names: ReadonlySet<string>
  /** Largest file accepted, in bytes. */
  readonly maxBytes: number
}

const missingIsNull = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}

/** The name below the part's folder, whatever folders of the archive that one lies in; null for a file elsewhere. */
function nameBelow(path: string, folder: string): string | null {
  const steps = path.split('/')
  if (folder === '') return steps.at(-1) ?? null
  const at = steps.lastIndexOf(folder)
  return at < 0 ? null : steps.slice(at + 1).join('/')
}

async function* filesOfArchive(path: string, { part, names, maxBytes }: Wanted, signal?: AbortSignal) {
  const seen = new Set<string>()
  const wantedName = (entry: string): string | null => {
    const name = nameBelow(entry, part.folder)
    return name !== null && names.has(name) && !seen.has(name) ? name : null
  }
  const limitOf = (entry: string): number | null => (wantedName(entry) === null ? null : maxBytes)
  for await (const file of readTar(readArchive(path, signal), limitOf, path)) {
    const name = wantedName(file.name)
    if (name === null) continue
    seen.add(name)
    yield { name, sizeBytes: file.bytes.length, read: async () => file.bytes }
  }
}

async function* filesOfFolder(path: string, { names, maxBytes }: Wanted, signal?: AbortSignal) {
  for (const name of names) {
    signal?.throwIfAborted()
    const file = join(path, name)
    const found = await stat(file).catch(missingIsNull)
    if (!found?.isFile()) continue
    if (found.size > maxBytes) {
      throw new DatasetError('E_FORMAT', file, `at most ${maxBytes} bytes`, String(found.size))
    }
    yield { name, sizeBytes: found.size, read: () => readFile(file) }
  }
}

/**
 * The wanted files that are there, one after the other, so that no more than one is held: of an archive in its order (the first of
 * several with one name), of a folder in that of the names. Names lead nowhere but below the folder: they are the caller's.
 * Throws DatasetError `E_FORMAT` for a file above the limit or a broken archive, and the signal's reason.
 */
export function filesOf(
  { type, path }: Place,
  wanted: Wanted,
  signal?: AbortSignal,
): AsyncGenerator<PartFile, void, undefined> {
  return type === 'archive' ? filesOfArchive(path, wanted, signal) : filesOfFolder(path, wanted, signal)
}

/** The wanted files, all in memory: for few or small ones. Throws as filesOf does. */
export async function readFiles(
  place: Place,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const { name, read } of filesOf(place, wanted, signal)) files.set(name, await read())
  return files
}

/** As readFiles; throws DatasetError `E_FORMAT` also when one of the files is missing without which the part is not complete. */
export async function requireFiles(
  place: Place,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { folder, files } = wanted.part
  const read = await readFiles(place, wanted, signal)
  const missing = files.filter((name) => !read.has(name))
  if (missing.length === 0) return read
  const inside = place.type === 'archive' && folder !== '' ? ` in ${folder}/` : ''
  throw new DatasetError('E_FORMAT', place.path, `${files.join(', ')}${inside}`, `no ${missing.join(', no ')}`)
}
