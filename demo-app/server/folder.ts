import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CurrentModel, MAX_BLOB_BYTES, type Model, parse, parseJson } from '@pawprint/protocol'
import { DemoError } from './error.ts'

/** The folder's parts that the demo reads; the layout is the store's. */
export const DEPLOYED = 'deployed'
export const CURRENT = 'current.json'
export const currentPath = (folder: string, task: string): string => join(folder, DEPLOYED, task, CURRENT)
export const blobPath = (folder: string, sha1: string): string =>
  join(folder, 'blobs-v1', 'sha1', sha1.slice(0, 2), sha1.slice(2))

function missingIsNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}

/** A file's identity: it changes whenever the file is replaced or written; null while there is none. */
export async function signatureOf(path: string): Promise<string | null> {
  const stats = await stat(path, { bigint: true }).catch(missingIsNull)
  return stats === null ? null : `${stats.ino}:${stats.mtimeNs}:${stats.size}`
}

/** Tasks that have a folder of their own under `deployed`, in alphabetical order. */
export async function tasksIn(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, DEPLOYED), { withFileTypes: true }).catch(missingIsNull)
  return (entries ?? [])
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/**
 * The deployed model of a task as its file says. Throws ProtocolError for a file of another shape, DemoError E_CURRENT when
 * it contradicts itself, and the disk's errors, ENOENT included.
 */
export async function readCurrent(folder: string, task: string): Promise<CurrentModel> {
  const current = parse(CurrentModel, parseJson(await readFile(currentPath(folder, task), 'utf8')))
  const { deployment, model } = current
  const at = `${DEPLOYED}/${task}/${CURRENT}`
  for (const [place, got] of [
    ['task.name', current.task.name],
    ['deployment.task', deployment.task],
    ['model.task', model.task],
  ] as const) {
    if (got !== task) throw new DemoError('E_CURRENT', `${at} ${place}`, task, got)
  }
  if (deployment.sha1 !== model.sha1) throw new DemoError('E_CURRENT', `${at} model.sha1`, deployment.sha1, model.sha1)
  return current
}

const hexOf = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('hex')

/** The weights of a model, checked against the recorded size and both hashes. Throws DemoError E_BLOB_*. */
export async function readBlob(
  folder: string,
  model: Pick<Model, 'sha1' | 'sha256' | 'sizeBytes'>,
): Promise<Uint8Array> {
  const path = blobPath(folder, model.sha1)
  const stats = await stat(path).catch(missingIsNull)
  if (stats === null) throw new DemoError('E_BLOB_MISSING', model.sha1, 'a weights file', 'none')
  // Before the bytes are read: a wrong size need not take their memory.
  if (stats.size !== model.sizeBytes || stats.size > MAX_BLOB_BYTES)
    throw new DemoError('E_BLOB_SIZE', model.sha1, `${model.sizeBytes} bytes`, `${stats.size}`)
  const bytes = await readFile(path)
  for (const algorithm of ['sha1', 'sha256'] as const) {
    const got = hexOf(algorithm, bytes)
    if (got !== model[algorithm])
      throw new DemoError('E_BLOB_HASH', `${model.sha1} ${algorithm}`, model[algorithm], got)
  }
  return bytes
}

/** A new file at `path`, whole or not at all, and on disk when the promise resolves. */
export async function writeWhole(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  // Rename is atomic only inside one file system, so the temp file sits next to its target.
  const temp = `${path}.${process.pid}.tmp`
  const file = await open(temp, 'w', 0o600)
  try {
    for await (const chunk of chunks) await file.writeFile(chunk)
    await file.sync()
    await file.close()
    await rename(temp, path)
  } catch (error) {
    await file.close().catch(() => undefined)
    await rm(temp, { force: true })
    throw error
  }
}
