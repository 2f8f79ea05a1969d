import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Adapter, Low } from 'lowdb'
import type { Disk } from './disk.ts'
import { createDocumentIndex, type DocumentIndex } from './docindex.ts'
import { errnoOf } from './errno.ts'
import { type Found, stampOf } from './indexlines.ts'
import { assertDocument, assertName, assertPrefix, isReserved } from './names.ts'
import { createQueues } from './queue.ts'
import { type Documents, type Kind, StorageError } from './storage.ts'

const SUFFIX = '.json'

const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))

/** A document and the stamp of its file; null when there is none. Throws StorageError E_CORRUPT. */
async function readFile(path: string, name: string): Promise<{ stamp: string; value: object } | null> {
  try {
    const handle = await open(path, 'r')
    try {
      const stamp = stampOf(await handle.stat())
      const value = decode(await handle.readFile())
      assertDocument(name, value)
      return { stamp, value }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    if (!(error instanceof SyntaxError || error instanceof TypeError || error instanceof StorageError)) throw error
    throw new StorageError('E_CORRUPT', name, 'a JSON document', `${path}: ${error.message}`, { cause: error })
  }
}

/** lowdb's file for one document. Its own adapter never calls fsync and takes an empty file for an empty database. */
function jsonFile(disk: Disk, path: string, name: string): Adapter<object> {
  return {
    read: async () => (await readFile(path, name))?.value ?? null,
    write: (value) => disk.replace(path, JSON.stringify(value), 'document', name),
  }
}

/** What a document becomes; null removes it. */
interface Change {
  value: object | null
  readonly done: Promise<void>
}

/** Writes and removals of each document in call order; of several that wait, only the newest is done. */
function createChanges(
  disk: Disk,
  apply: (name: string, value: object | null) => Promise<void>,
): (name: string, value: object | null) => Promise<void> {
  const inOrder = createQueues()
  const waiting = new Map<string, Change>()
  return (name, value) => {
    disk.assertWritable()
    const last = waiting.get(name)
    // Not begun yet: only the newest value is worth a write. All who wait for it are answered together.
    if (last) {
      last.value = value
      return last.done
    }
    const start = async (): Promise<void> => {
      waiting.delete(name)
      await apply(name, change.value)
    }
    const change: Change = { value, done: disk.run(() => inOrder(name, start)) }
    waiting.set(name, change)
    return change.done
  }
}

export interface EmbeddedDocuments extends Documents {
  /** Brings what is derived from the documents up to date, so that the next start is fast. */
  settle(): Promise<void>
}

/** The indexes of those kinds of documents that were ever read as a whole, by `<folder>/<leaf>`. */
function createIndexes(root: string, pathOf: (name: string) => string) {
  const indexes = new Map<string, Pick<DocumentIndex<unknown>, 'note' | 'flush'>>()
  const find = async <S>({ summarize }: Kind<S>, name: string): Promise<Found<S> | null> => {
    const file = await readFile(pathOf(name), name)
    if (file === null) return null
    const { summary, record } = summarize(name, file.value)
    return { name, stamp: file.stamp, summary, bytes: Buffer.from(JSON.stringify(record)) }
  }
  return {
    readAll<S>(kind: Kind<S>) {
      assertName(`${kind.folder}/${kind.leaf}`)
      const index = createDocumentIndex({ root, kind, read: (name) => find(kind, name) })
      indexes.set(`${kind.folder}/${kind.leaf}`, index)
      return index.readAll()
    },
    note(name: string) {
      const [folder, , leaf, ...rest] = name.split('/')
      if (rest.length === 0) indexes.get(`${folder}/${leaf}`)?.note(name)
    },
    flush: () => Promise.all([...indexes.values()].map((index) => index.flush())),
  }
}

/** Documents as files of `root`: `jobs/V1StGXR8/job` is `jobs/V1StGXR8/job.json`. */
export function createDocuments(root: string, disk: Disk): EmbeddedDocuments {
  const pathOf = (name: string): string => {
    assertName(name)
    return join(root, name + SUFFIX)
  }
  const indexes = createIndexes(root, pathOf)
  const change = createChanges(disk, async (name, value) => {
    if (value === null) return disk.remove(pathOf(name))
    await new Low<object>(jsonFile(disk, pathOf(name), name), value).write()
    indexes.note(name)
  })
  return {
    read: async (name) => jsonFile(disk, pathOf(name), name).read(),
    write: async (name, value) => {
      assertName(name)
      assertDocument(name, value)
      return change(name, value)
    },
    list: async (prefix) => {
      assertPrefix(prefix)
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1)
      return (await namesIn(root, folder)).filter((name) => name.startsWith(prefix)).sort()
    },
    readAll: indexes.readAll,
    remove: async (name) => {
      assertName(name)
      return change(name, null)
    },
    settle: async () => {
      await indexes.flush()
    },
  }
}

/** Names of all documents below `folder`, which is '' or ends with a slash. */
async function namesIn(root: string, folder: string): Promise<string[]> {
  const names: string[] = []
  for (const entry of await entriesOf(join(root, folder))) {
    const name = folder + entry.name
    if (entry.isFile() && name.endsWith(SUFFIX)) names.push(name.slice(0, -SUFFIX.length))
    if (entry.isDirectory() && !(folder === '' && isReserved(entry.name)))
      names.push(...(await namesIn(root, `${name}/`)))
  }
  return names
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
