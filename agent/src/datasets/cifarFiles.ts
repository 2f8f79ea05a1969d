import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { DatasetError } from './errors.ts'
import { readTar } from './tar.ts'

export const CIFAR_ARCHIVE = 'cifar-10-binary.tar.gz'
export const CIFAR_FOLDER = 'cifar-10-batches-bin'
export const CIFAR_TRAIN_FILES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`)
export const CIFAR_TEST_FILE = 'test_batch.bin'
export const CIFAR_NAMES_FILE = 'batches.meta.txt'

/** Files without which there is no CIFAR-10; that with the class names may be missing. */
export const CIFAR_RECORD_FILES: readonly string[] = [...CIFAR_TRAIN_FILES, CIFAR_TEST_FILE]

/** Largest file read; the official ones have 30,730,000 bytes. */
export const MAX_CIFAR_FILE_BYTES = 64 * 2 ** 20

/** Where CIFAR-10 lies: the archive, or the folder that it unpacks to. */
export interface CifarPlace {
  readonly type: 'archive' | 'folder'
  readonly path: string
}

/** The bytes of CIFAR-10's files by name, without folders. */
export type CifarFiles = ReadonlyMap<string, Uint8Array>

const IS_WANTED = new Set([...CIFAR_RECORD_FILES, CIFAR_NAMES_FILE])

/** The file's name when it lies directly in the folder `cifar-10-batches-bin`, else null. */
function wantedName(path: string): string | null {
  const [name = '', folder] = path.split('/').reverse()
  return folder === CIFAR_FOLDER && IS_WANTED.has(name) ? name : null
}

/** The unpacked bytes of a gzip file. What zlib has to say about a broken one becomes a DatasetError `E_FORMAT`. */
async function* unzip(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  const source = createReadStream(path)
  const gunzip = createGunzip()
  source.on('error', (error) => gunzip.destroy(error))
  try {
    for await (const chunk of source.pipe(gunzip)) {
      signal?.throwIfAborted()
      yield chunk as Uint8Array
    }
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code)
    if (!code.startsWith('Z_')) throw error
    const got = code === 'Z_BUF_ERROR' ? 'one that ends too early' : `"${(error as Error).message}"`
    throw new DatasetError('E_FORMAT', path, 'a complete gzip file', got, { cause: error })
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

async function readArchive(path: string, signal: AbortSignal | undefined): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  const limitOf = (name: string): number | null => (wantedName(name) === null ? null : MAX_CIFAR_FILE_BYTES)
  for await (const file of readTar(unzip(path, signal), limitOf, path)) {
    const name = wantedName(file.name)
    if (name) files.set(name, file.bytes)
  }
  return files
}

async function readFolder(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const name of IS_WANTED) {
    const file = join(path, name)
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (!found) continue
    if (found.size > MAX_CIFAR_FILE_BYTES) {
      throw new DatasetError('E_FORMAT', file, `at most ${MAX_CIFAR_FILE_BYTES} bytes`, String(found.size))
    }
    files.set(name, await readFile(file))
  }
  return files
}

/**
 * Reads CIFAR-10's files into memory. Throws DatasetError `E_FORMAT` when a file is missing, too large, or the archive is
 * broken.
 */
export async function readCifarFiles(place: CifarPlace, signal?: AbortSignal): Promise<CifarFiles> {
  const files = place.type === 'archive' ? await readArchive(place.path, signal) : await readFolder(place.path)
  const missing = CIFAR_RECORD_FILES.filter((name) => !files.has(name))
  if (missing.length > 0) {
    const inside = place.type === 'archive' ? ` in ${CIFAR_FOLDER}/` : ''
    throw new DatasetError(
      'E_FORMAT',
      place.path,
      `${CIFAR_RECORD_FILES.join(', ')}${inside}`,
      `no ${missing.join(', no ')}`,
    )
  }
  return files
}
