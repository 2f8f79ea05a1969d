import { link, lstat, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Sha1 } from '@pawprint/protocol'
import { ageOf, renew } from './age.ts'
import { blobPath, blobsThere, piecesOf, readRecord, recordPath, recordsThere } from './blobfile.ts'
import type { Disk } from './disk.ts'
import { errnoOf } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { createQueues } from './queue.ts'
import { assertSame } from './sessions.ts'
import {
  type BlobInfo,
  type Blobs,
  type Collected,
  type NewBlob,
  StorageError,
  type StorageOptions,
} from './storage.ts'
import { createVerifier, type Verifier, writeRecord } from './verifier.ts'

/** Blobs as files below one folder, verified before they are first served and whenever their file looks different. */
export interface BlobFiles extends Pick<Blobs, 'find' | 'claim' | 'read' | 'remove' | 'list' | 'scrub' | 'collect'> {
  /** What was committed under this name, whatever became of the bytes. */
  committed(sha1: Sha1): Promise<BlobInfo | null>
  /** Makes the file `part`, whose bytes are checked and synced, the blob. Throws E_COLLISION, E_CORRUPT for what is no file. */
  publish(blob: NewBlob, part: string): Promise<void>
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
  const existing = await find(verifier, blob.sha1)
  if (existing !== null) return assertSame(blob, existing)
  if (!(await lstat(path)).isFile())
    throw new StorageError('E_CORRUPT', path, 'a plain file or nothing', 'something else')
  await rename(part, path)
}

async function find(verifier: Verifier, sha1: Sha1): Promise<BlobInfo | null> {
  const found = await verifier.open(sha1)
  await found?.opened.handle.close()
  return found?.info ?? null
}

/** Every name that has bytes or a record. */
const namesOf = async (root: string): Promise<Set<Sha1>> =>
  new Set([...(await blobsThere(root)), ...(await recordsThere(root))])

async function scrub(root: string, verifier: Verifier): Promise<Sha1[]> {
  const damaged: Sha1[] = []
  for (const sha1 of await namesOf(root)) {
    verifier.forget(sha1)
    if ((await find(verifier, sha1)) === null) damaged.push(sha1)
  }
  return damaged.sort()
}

/** Blobs of the data folder `root`. `onCorrupt` is told of each damaged blob once. `now` is the wall clock in milliseconds. */
export function createBlobFiles(
  root: string,
  disk: Disk,
  onCorrupt: StorageOptions['onCorrupt'],
  now: () => number = Date.now,
): BlobFiles {
  const verifier = createVerifier(root, disk, onCorrupt ?? (() => {}))
  // One folder at a time: the removal of its last blob takes the folder along, which a link into it must not meet.
  const queues = createQueues()
  const inOrder = <T>(sha1: Sha1, change: () => Promise<T>): Promise<T> => queues(sha1.slice(0, 2), change)
  // The record first: bytes without a record are no damage, a record without bytes is.
  const erase = async (sha1: Sha1): Promise<void> => {
    await disk.remove(recordPath(root, sha1))
    await disk.remove(blobPath(root, sha1))
    verifier.forget(sha1)
  }
  const eraseOld = async (sha1: Sha1, graceMs: number): Promise<number | null> => {
    const age = await ageOf(root, sha1)
    if (age === null || now() - age.renewedMs <= graceMs) return null
    await erase(sha1)
    return age.sizeBytes
  }
  return {
    find: (sha1) => find(verifier, sha1),
    claim: (sha1) =>
      inOrder(sha1, async () => {
        const info = await find(verifier, sha1)
        if (info !== null) await renew(root, sha1, now())
        return info
      }),
    read: async function* (sha1, start = 0, end = Number.POSITIVE_INFINITY) {
      const found = await verifier.open(sha1)
      if (found === null) throw new StorageError('E_NOT_FOUND', 'blobs', 'a blob', sha1)
      try {
        yield* piecesOf(found.opened, start, end)
      } finally {
        await found.opened.handle.close()
      }
    },
    remove: (sha1) => disk.run(() => inOrder(sha1, () => erase(sha1))),
    collect: async (needed, graceMs) => {
      const collected: Collected[] = []
      for (const sha1 of await namesOf(root)) {
        if (needed.has(sha1)) continue
        const sizeBytes = await disk.run(() => inOrder(sha1, () => eraseOld(sha1, graceMs)))
        if (sizeBytes !== null) collected.push({ sha1, sizeBytes })
      }
      return collected
    },
    list: async () => (await blobsThere(root)).sort(),
    scrub: () => scrub(root, verifier),
    committed: (sha1) => readRecord(recordPath(root, sha1)),
    publish: (blob, part) =>
      inOrder(blob.sha1, async () => {
        await publish(root, disk, verifier, blob, part)
        await renew(root, blob.sha1, now())
      }),
  }
}
