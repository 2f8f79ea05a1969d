import { link, lstat, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Sha1 } from '@pawprint/protocol'
import {
  blobPath,
  blobsThere,
  type Opened,
  openBlob,
  piecesOf,
  readRecord,
  recordPath,
  recordsThere,
} from './blobfile.ts'
import { hashFile } from './digests.ts'
import type { Disk } from './disk.ts'
import { errnoOf } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { createQueues } from './queue.ts'
import { assertSame } from './sessions.ts'
import { type BlobInfo, type Blobs, type NewBlob, StorageError, type StorageOptions } from './storage.ts'

/** Blobs as files below one folder, verified before they are first served and whenever their file looks different. */
export interface BlobFiles extends Pick<Blobs, 'find' | 'read' | 'remove' | 'list' | 'scrub'> {
  /** What was committed under this name, whatever became of the bytes. */
  committed(sha1: Sha1): Promise<BlobInfo | null>
  /** Makes the file `part`, whose bytes are checked and synced, the blob. Throws E_COLLISION, E_CORRUPT for what is no file. */
  publish(blob: NewBlob, part: string): Promise<void>
}

/** What hashing found in a file with this stamp; null: not what was committed. */
interface Verified {
  readonly stamp: string
  readonly info: BlobInfo | null
}

interface Verifier {
  /** Opens a blob whose bytes are verified; null when it counts as absent. The caller closes it. */
  open(sha1: Sha1): Promise<{ opened: Opened; info: BlobInfo } | null>
  forget(sha1: Sha1): void
  /** For bytes that were hashed while they came. */
  trust(info: BlobInfo): Promise<void>
}

const pick = ({ sha1, sha256, sizeBytes }: BlobInfo): BlobInfo => ({ sha1, sha256, sizeBytes })

const writeRecord = (root: string, disk: Disk, info: BlobInfo): Promise<void> =>
  disk.replace(recordPath(root, info.sha1), JSON.stringify({ ...pick(info), kind: 'weights' }), 'record', info.sha1)

function createVerifier(root: string, disk: Disk, onCorrupt: (sha1: Sha1, problem: string) => void): Verifier {
  const known = new Map<Sha1, Verified>()
  const checking = new Map<string, Promise<Verified>>()
  const told = new Map<Sha1, string>()
  const tell = (sha1: Sha1, problem: string): void => {
    if (told.get(sha1) === problem) return
    told.set(sha1, problem)
    onCorrupt(sha1, problem)
  }
  const check = async (sha1: Sha1, { handle, stamp }: Opened): Promise<Verified> => {
    const digests = await hashFile(handle)
    const found = { ...digests.digest(), sizeBytes: digests.sizeBytes() }
    const record = await readRecord(recordPath(root, sha1))
    const good = found.sha1 === sha1 && (record === null || record.sha256 === found.sha256)
    const info = good ? { ...found, sha1 } : null
    // A crash came between link and record, or the record is damaged: the bytes say the same.
    if (info !== null && record === null) await disk.run(() => writeRecord(root, disk, info))
    if (info === null) tell(sha1, `${found.sizeBytes} bytes with sha1 ${found.sha1}, sha256 ${found.sha256}`)
    return { stamp, info }
  }
  const verify = async (sha1: Sha1, opened: Opened): Promise<BlobInfo | null> => {
    const before = known.get(sha1)
    if (before?.stamp === opened.stamp) return before.info
    const key = `${sha1} ${opened.stamp}`
    const running = checking.get(key) ?? check(sha1, opened).finally(() => checking.delete(key))
    checking.set(key, running)
    const verified = await running
    known.set(sha1, verified)
    return verified.info
  }
  return {
    open: async (sha1) => {
      const opened = await openBlob(blobPath(root, sha1))
      if (typeof opened === 'string') {
        if (opened !== 'no file' || (await readRecord(recordPath(root, sha1))) !== null) tell(sha1, opened)
        return null
      }
      const info = await verify(sha1, opened).catch(async (error: unknown) => {
        await opened.handle.close()
        throw error
      })
      if (info !== null) return { opened, info }
      await opened.handle.close()
      return null
    },
    forget: (sha1) => {
      known.delete(sha1)
      told.delete(sha1)
    },
    trust: async (info) => {
      const opened = await openBlob(blobPath(root, info.sha1))
      if (typeof opened === 'string') return
      known.set(info.sha1, { stamp: opened.stamp, info: pick(info) })
      told.delete(info.sha1)
      await opened.handle.close()
    },
  }
}

async function publish(root: string, disk: Disk, verifier: Verifier, blob: NewBlob, part: string): Promise<void> {
  const path = blobPath(root, blob.sha1)
  const record = await readRecord(recordPath(root, blob.sha1))
  if (record !== null) assertSame(blob, record)
  await disk.makeFolder(dirname(path))
  failpoint('commit.beforeLink')
  try {
    // Unlike rename, link never takes the place of what is there.
    await link(part, path)
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    await settleExisting(verifier, blob, part, path)
  }
  failpoint('commit.afterLink')
  await disk.syncFolder(dirname(path))
  failpoint('commit.afterFolder')
  await writeRecord(root, disk, blob)
  await verifier.trust(blob)
  failpoint('commit.afterRecord')
}

/** Something has the blob's name: the same bytes stay, damaged ones are replaced, what is no file is left to a person. */
async function settleExisting(verifier: Verifier, blob: NewBlob, part: string, path: string): Promise<void> {
  const existing = await verifier.open(blob.sha1)
  await existing?.opened.handle.close()
  if (existing !== null) return assertSame(blob, existing.info)
  if (!(await lstat(path)).isFile())
    throw new StorageError('E_CORRUPT', path, 'a plain file or nothing', 'something else')
  await rename(part, path)
}

/** Blobs of the data folder `root`. `onCorrupt` is told of each damaged blob once. */
export function createBlobFiles(root: string, disk: Disk, onCorrupt: StorageOptions['onCorrupt']): BlobFiles {
  const verifier = createVerifier(root, disk, onCorrupt ?? (() => {}))
  // One folder at a time: the removal of its last blob takes the folder along, which a link into it must not meet.
  const queues = createQueues()
  const inOrder = <T>(sha1: Sha1, change: () => Promise<T>): Promise<T> => queues(sha1.slice(0, 2), change)
  const find = async (sha1: Sha1): Promise<BlobInfo | null> => {
    const found = await verifier.open(sha1)
    await found?.opened.handle.close()
    return found?.info ?? null
  }
  return {
    find,
    read: async function* (sha1, start = 0, end = Number.POSITIVE_INFINITY) {
      const found = await verifier.open(sha1)
      if (found === null) throw new StorageError('E_NOT_FOUND', 'blobs', 'a blob', sha1)
      try {
        yield* piecesOf(found.opened, start, end)
      } finally {
        await found.opened.handle.close()
      }
    },
    remove: (sha1) =>
      disk.run(() =>
        inOrder(sha1, async () => {
          // The record first: bytes without a record are no damage, a record without bytes is.
          await disk.remove(recordPath(root, sha1))
          await disk.remove(blobPath(root, sha1))
          verifier.forget(sha1)
        }),
      ),
    list: async () => (await blobsThere(root)).sort(),
    scrub: async () => {
      const damaged: Sha1[] = []
      for (const sha1 of new Set([...(await blobsThere(root)), ...(await recordsThere(root))])) {
        verifier.forget(sha1)
        if ((await find(sha1)) === null) damaged.push(sha1)
      }
      return damaged.sort()
    },
    committed: (sha1) => readRecord(recordPath(root, sha1)),
    publish: (blob, part) => inOrder(blob.sha1, () => publish(root, disk, verifier, blob, part)),
  }
}
