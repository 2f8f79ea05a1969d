import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { archiveOf } from '../archive/pack.ts'
import { unpackArchive, verifyArchive } from '../archive/unpack.ts'
import { writeAll } from '../storage/disk.ts'
import { errnoOf } from '../storage/errno.ts'
import { StorageError } from '../storage/storage.ts'
import { withStore } from './offline.ts'

const FILE_MODE = 0o600
type Say = (line: string) => void

async function assertFree(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  })
  await handle?.close()
  if (handle) throw new StorageError('E_ARGUMENT', file, 'a file that is not there yet', 'one that is; remove it first')
}

async function writeTo(handle: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let sizeBytes = 0
  for await (const chunk of chunks) {
    await writeAll(handle, chunk, sizeBytes)
    sizeBytes += chunk.length
  }
  await handle.sync()
  return sizeBytes
}

/** Bytes of a file, as they are read. */
async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(file)
  await once(stream, 'open')
  yield* stream
}

/** Writes an archive and reads it again; it gets its name only when every byte of it is right. */
async function keep(file: string, chunks: AsyncIterable<Uint8Array>, say: Say): Promise<void> {
  const part = `${file}.part`
  try {
    const handle = await open(part, 'w', FILE_MODE)
    const sizeBytes = await writeTo(handle, chunks).finally(() => handle.close())
    const { files, missing } = await verifyArchive(bytesOf(part))
    await rename(part, file)
    for (const sha1 of missing) say(`left out: the weights ${sha1}, which are damaged or lost`)
    say(`${file}: ${files.length} files, ${sizeBytes} bytes, read again and verified`)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function tokenOf(data: string, env: NodeJS.ProcessEnv): Promise<string> {
  return env.PAWPRINT_TOKEN ?? (await readFile(join(data, 'token'), 'utf8')).trim()
}

async function* archiveFrom(url: string, token: string): AsyncGenerator<Uint8Array> {
  const response = await fetch(`${url}/api/store/archive`, { headers: { authorization: `Bearer ${token}` } })
  if (!response.ok || response.body === null)
    throw new StorageError('E_NOT_FOUND', `${url}/api/store/archive`, 'an archive', `HTTP ${response.status}`)
  yield* response.body
}

export async function exportTo(
  file: string,
  data: string,
  url: string | null,
  env: NodeJS.ProcessEnv,
  say: Say,
): Promise<void> {
  await assertFree(file)
  if (url !== null) return keep(file, archiveFrom(url, await tokenOf(data, env)), say)
  await withStore(data, (store) => keep(file, archiveOf(store), say))
}

export async function importFrom(file: string, data: string, say: Say): Promise<void> {
  const { files, missing } = await unpackArchive(bytesOf(file), data)
  for (const sha1 of missing) say(`not in the archive: the weights ${sha1}, which were damaged or lost`)
  say(`${data}: ${files.length} files, every one verified; the next start makes new tokens`)
}
