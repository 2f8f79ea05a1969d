import { statSync } from 'node:fs'
import { appendFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FILE_MODE, FOLDER_MODE } from './disk.ts'
import { errnoOf } from './errno.ts'
import { decodeFound, encodeFound, type Found, linesIn, stampOf } from './indexlines.ts'
import { INDEX_FOLDER, isSegment } from './names.ts'
import type { Kind } from './storage.ts'

/** Documents read side by side. */
const READERS = 32
/** A killed process leaves this many changes out of the index at most; the next start reads those documents themselves. */
const MAX_NOTED = 500

/**
 * All documents of one kind, `<folder>/<any>/<leaf>`, in one file beside them: to open a hundred thousand files takes half a minute.
 * It is derived. An entry counts only while its document's file has the stamp that it had then, so the index needs no fsync, and
 * what is missing, stale or damaged in it is read from the document.
 */
export interface DocumentIndex<S> {
  /** All documents, some at a time, in no order, and the index is as new as they are. Throws what reading one of them throws. */
  readAll(): AsyncGenerator<Found<S>[]>
  /** A document was written. */
  note(name: string): void
  /** Puts what was noted into the index. */
  flush(): Promise<void>
}

export interface IndexOptions<S> {
  readonly root: string
  readonly kind: Kind<S>
  /** The document with the stamp of its file; null when there is none. Throws StorageError E_CORRUPT. */
  read(name: string): Promise<Found<S> | null>
}

const NEWLINE = Buffer.from('\n')

/** Whatever becomes of the index, the documents are there. */
const ignore = (): void => {}

/** A new index, in place once it is finished. */
async function createNext(path: string) {
  const next = `${path}.tmp`
  await mkdir(dirname(path), { recursive: true, mode: FOLDER_MODE }).catch(ignore)
  await rm(next, { force: true }).catch(ignore)
  let isWhole = true
  const put = async (bytes: string | Buffer): Promise<void> => {
    if (isWhole && bytes.length > 0)
      await appendFile(next, bytes, { mode: FILE_MODE }).catch(() => {
        isWhole = false
      })
  }
  return { put, finish: () => (isWhole ? rename(next, path).catch(ignore) : rm(next, { force: true }).catch(ignore)) }
}

export function createDocumentIndex<S>({ root, kind, read }: IndexOptions<S>): DocumentIndex<S> {
  const path = join(root, INDEX_FOLDER, `${kind.folder}-${kind.leaf}-${kind.version}`)
  const noted = new Set<string>()
  let flushing = Promise.resolve()

  const isStamp = (name: string, stamp: string): boolean => {
    const stat = statSync(join(root, `${name}.json`), { throwIfNoEntry: false })
    return stat !== undefined && stampOf(stat) === stamp
  }
  async function* readAll(): AsyncGenerator<Found<S>[]> {
    const next = await createNext(path)
    const left = new Set(await namesIn(root, kind))
    const isFresh = (name: string, stamp: string): boolean =>
      left.has(name) && isStamp(name, stamp) && left.delete(name)
    for await (const lines of linesIn(path)) {
      const found: Found<S>[] = []
      const kept: Buffer[] = []
      for (const line of lines) {
        const one = decodeFound<S>(line, isFresh)
        if (one === null) continue
        found.push(one)
        kept.push(line, NEWLINE)
      }
      await next.put(Buffer.concat(kept))
      yield found
    }
    for await (const found of readEach([...left], read)) {
      await next.put(found.map(encodeFound).join(''))
      yield found
    }
    await next.finish()
  }
  const flush = async (): Promise<void> => {
    const names = [...noted]
    noted.clear()
    for await (const found of readEach(names, read)) await appendFile(path, found.map(encodeFound).join(''))
  }
  const flushInOrder = (): Promise<void> => {
    flushing = flushing.then(flush).catch(ignore)
    return flushing
  }
  return {
    readAll,
    note(name) {
      if (noted.add(name).size === MAX_NOTED) flushInOrder()
    },
    flush: flushInOrder,
  }
}

async function* readEach<S>(names: readonly string[], read: IndexOptions<S>['read']): AsyncGenerator<Found<S>[]> {
  for (let i = 0; i < names.length; i += READERS) {
    const found = await Promise.all(names.slice(i, i + READERS).map(read))
    yield found.filter((one) => one !== null)
  }
}

async function namesIn(root: string, { folder, leaf }: Kind<unknown>): Promise<string[]> {
  try {
    return (await readdir(join(root, folder))).filter(isSegment).map((name) => `${folder}/${name}/${leaf}`)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
