import type { Sha1 } from '@pawprint/protocol'
import { blobPath, type Opened, openBlob, readRecord, recordPath } from './blobfile.ts'
import { hashFile } from './digests.ts'
import type { Disk } from './disk.ts'
import type { BlobInfo } from './storage.ts'

/** What hashing found in a file with this stamp; null: not what was committed. */
interface Verified {
  readonly stamp: string
  readonly info: BlobInfo | null
}

/** Lets nobody read bytes that were not hashed since their file last changed. */
export interface Verifier {
  /** Opens a blob whose bytes are verified; null when it counts as absent. The caller closes it. */
  open(sha1: Sha1): Promise<{ opened: Opened; info: BlobInfo } | null>
  forget(sha1: Sha1): void
  /** For bytes that were hashed while they came. */
  trust(info: BlobInfo): Promise<void>
}

const pick = ({ sha1, sha256, sizeBytes }: BlobInfo): BlobInfo => ({ sha1, sha256, sizeBytes })

/** Keeps what was committed, durable. */
export const writeRecord = (root: string, disk: Disk, info: BlobInfo): Promise<void> =>
  disk.replace(recordPath(root, info.sha1), JSON.stringify(pick(info)), 'record', info.sha1)

type Tell = (sha1: Sha1, problem: string) => void

/** Hashes a file and compares it with its name and its record. */
async function check(root: string, disk: Disk, tell: Tell, sha1: Sha1, { handle, stamp }: Opened): Promise<Verified> {
  const digests = await hashFile(handle)
  const found = { ...digests.digest(), sizeBytes: digests.sizeBytes() }
  const record = await readRecord(recordPath(root, sha1))
  if (found.sha1 !== sha1 || (record !== null && record.sha256 !== found.sha256)) {
    tell(sha1, `${found.sizeBytes} bytes with sha1 ${found.sha1}, sha256 ${found.sha256}`)
    return { stamp, info: null }
  }
  const info = { ...found, sha1 }
  // A crash came between link and record, or the record is damaged: the bytes say the same.
  if (record === null) await disk.run(() => writeRecord(root, disk, info))
  return { stamp, info }
}

/** Verifies each file once for each of its stamps, however many ask at a time. */
function createMemory(check: (sha1: Sha1, opened: Opened) => Promise<Verified>) {
  const known = new Map<Sha1, Verified>()
  const checking = new Map<string, Promise<Verified>>()
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
  return { known, verify }
}

/** `onCorrupt` is told once of each problem, and again after `forget`. */
export function createVerifier(root: string, disk: Disk, onCorrupt: Tell): Verifier {
  const told = new Map<Sha1, string>()
  const tell: Tell = (sha1, problem) => {
    if (told.get(sha1) === problem) return
    told.set(sha1, problem)
    onCorrupt(sha1, problem)
  }
  const { known, verify } = createMemory((sha1, opened) => check(root, disk, tell, sha1, opened))
  return {
    open: async (sha1) => {
      const opened = await openBlob(blobPath(root, sha1))
      if (typeof opened === 'string') {
        if (opened !== 'no file' || (await readRecord(recordPath(root, sha1))) !== null) tell(sha1, opened)
        return null
      }
      let info: BlobInfo | null = null
      try {
        info = await verify(sha1, opened)
        return info === null ? null : { opened, info }
      } finally {
        if (info === null) await opened.handle.close()
      }
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
