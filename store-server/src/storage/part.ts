import { constants, type FileHandle, open } from 'node:fs/promises'
import type { UploadSession } from '@pawprint/protocol'
import { type Digests, hashFile } from './digests.ts'
import { type Disk, writeAll } from './disk.ts'
import { withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import * as rules from './sessions.ts'
import type { BlobInfo } from './storage.ts'

/** A session whose bytes are the file `part`. */
export interface DiskSession extends rules.Session {
  readonly part: string
  /** Of the first `offset` bytes of `part`; of fewer after a restart, of more after a write that failed. */
  digests: Digests
  /** Ends when all bytes but those of the present part are durable, or the disk is known to be broken. Never rejects. */
  settled: Promise<void>
  committing: Promise<BlobInfo> | null
}

const PART_FLAGS = constants.O_RDWR | constants.O_NOFOLLOW

/** Makes durable what was written through `handle`, and closes it, while the sender goes on; commit waits for it. */
function settleLater(disk: Disk, session: DiskSession, handle: FileHandle): void {
  const settle = async (): Promise<void> => {
    try {
      failpoint('part.beforeSync')
      await disk.syncData(handle, session.id)
    } finally {
      await handle.close()
    }
  }
  const earlier = session.settled
  // After a failed sync the disk refuses every change, the commit of this session too.
  session.settled = disk
    .run(settle)
    .catch(() => handle.close())
    .then(() => earlier)
}

async function write(disk: Disk, session: DiskSession, handle: FileHandle, chunk: Uint8Array): Promise<void> {
  const count = (sizeBytes: number): void => {
    session.offset += sizeBytes
  }
  try {
    failpoint('part.write')
    await disk.run(() => writeAll(handle, chunk, session.offset, count))
    failpoint('part.afterWrite')
  } catch (error) {
    throw withNoSpace(error, session.id)
  }
}

/** Hashes the file anew if need be; the hashes then cover all that is written. */
export async function catchUp(session: DiskSession, handle: FileHandle): Promise<void> {
  if (session.digests.sizeBytes() !== session.offset) session.digests = await hashFile(handle, session.offset)
}

/**
 * Takes bytes into the session, as Blobs.appendUpload says. They outlast the process when it returns and also when it throws; a
 * power cut only once the next part has been taken, or the commit is answered.
 */
export async function appendPart(
  disk: Disk,
  limits: rules.Limits,
  session: DiskSession,
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<UploadSession> {
  rules.assertOffset(session, offset)
  if (session.done) return rules.statusOf(session)
  const writer = rules.claim(session, limits)
  try {
    const handle = await open(session.part, PART_FLAGS)
    try {
      await catchUp(session, handle)
      await takeAll(disk, limits, session, handle, writer, bytes)
    } finally {
      // One part settles while the next one comes, no more of them.
      await session.settled
      settleLater(disk, session, handle)
    }
  } finally {
    if (session.writer === writer) session.writer = null
  }
  return rules.statusOf(session)
}

async function takeAll(
  disk: Disk,
  limits: rules.Limits,
  session: DiskSession,
  handle: FileHandle,
  writer: rules.Writer,
  bytes: AsyncIterable<Uint8Array>,
): Promise<void> {
  writer.waitingSinceMs = limits.now()
  for await (const chunk of bytes) {
    rules.assertTurn(session, writer, session.offset + chunk.length)
    writer.waitingSinceMs = null
    const written = write(disk, session, handle, chunk)
    // Meanwhile: the disk takes the bytes in another thread.
    session.digests.update(chunk)
    await written
    session.lastByteMs = limits.now()
    writer.waitingSinceMs = session.lastByteMs
  }
  // Replaced while the last byte was awaited: what follows is the other's.
  rules.assertTurn(session, writer, session.offset)
}
