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
  /** Bytes in `part`; those above `offset` may not be durable. */
  written: number
  /** Of the first bytes of `part`: of all of them, or of fewer after a restart. */
  digests: Digests
  committing: Promise<BlobInfo> | null
}

const PART_FLAGS = constants.O_RDWR | constants.O_NOFOLLOW

/** Makes durable what is written. */
async function settle(disk: Disk, session: DiskSession, handle: FileHandle): Promise<void> {
  const { written } = session
  if (written === session.offset) return
  failpoint('part.beforeSync')
  await disk.syncData(handle, session.id)
  session.offset = written
}

async function write(disk: Disk, session: DiskSession, handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let taken = 0
  const count = (sizeBytes: number): void => {
    session.digests.update(chunk.subarray(taken, taken + sizeBytes))
    taken += sizeBytes
    session.written += sizeBytes
  }
  try {
    failpoint('part.write')
    await disk.run(() => writeAll(handle, chunk, session.written, count))
    failpoint('part.afterWrite')
  } catch (error) {
    throw withNoSpace(error, session.id)
  }
}

/** Hashes the part of the file that came before a restart; the hashes then cover all that is written. */
export async function catchUp(session: DiskSession, handle: FileHandle): Promise<void> {
  if (session.digests.sizeBytes() !== session.written) session.digests = await hashFile(handle, session.written)
}

/** Takes bytes into the session, as Blobs.appendUpload says. They are durable when it returns and also when it throws. */
export async function appendPart(
  disk: Disk,
  limits: rules.Limits,
  session: DiskSession,
  offset: number,
  bytes: AsyncIterable<Uint8Array>,
): Promise<UploadSession> {
  if (session.done) {
    rules.assertOffset(session, offset)
    return rules.statusOf(session)
  }
  const writer = rules.claim(session, limits)
  try {
    const handle = await open(session.part, PART_FLAGS)
    try {
      // A writer that was replaced may have left bytes that nobody has synced.
      await settle(disk, session, handle)
      rules.assertOffset(session, offset)
      await catchUp(session, handle)
      await takeAll(disk, limits, session, handle, writer, bytes)
    } finally {
      try {
        if (session.writer === writer) await disk.run(() => settle(disk, session, handle))
      } finally {
        await handle.close()
      }
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
    rules.assertTurn(session, writer, session.written + chunk.length)
    writer.waitingSinceMs = null
    await write(disk, session, handle, chunk)
    session.lastByteMs = limits.now()
    writer.waitingSinceMs = session.lastByteMs
  }
  // Replaced while the last byte was awaited: what follows is the other's.
  rules.assertTurn(session, writer, session.written)
}
