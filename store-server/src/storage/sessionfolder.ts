import { randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ProtocolError, parse, UploadRequest } from '@pawprint/protocol'
import { createDigests } from './digests.ts'
import type { Disk } from './disk.ts'
import { errnoOf } from './errno.ts'
import { failpoint } from './failpoint.ts'
import type { DiskSession } from './part.ts'
import type { NewBlob } from './storage.ts'

// 22 characters of base64url. Whatever else lies in the folder is not ours and stays.
const ID = /^[A-Za-z0-9_-]{22}$/
/** Name of a new session. */
export const newId = (): string => randomBytes(16).toString('base64url')
const DECLARED = 'session.json'
const PART = 'part'

/** A session without bytes; nothing is written yet. */
export function sessionOf(folder: string, id: string, blob: NewBlob, lastByteMs: number): DiskSession {
  const { sha1, sha256, sizeBytes, kind } = blob
  return {
    id,
    blob: { sha1, sha256, sizeBytes, kind },
    part: join(folder, id, PART),
    offset: 0,
    digests: createDigests(),
    settled: Promise.resolve(),
    lastByteMs,
    writer: null,
    done: false,
    committing: null,
  }
}

/** Makes the folder of a new session, durable. */
export async function writeSession(disk: Disk, folder: string, session: DiskSession): Promise<void> {
  const handle = await disk.openForWriting(session.part, 'wx')
  await handle.close()
  failpoint('create.beforeSession')
  // Written last: a folder without it was never told to anyone.
  await disk.replace(join(folder, DECLARED), JSON.stringify(session.blob), 'session', session.id)
  failpoint('create.afterSession')
}

/** The sessions that an earlier process left. */
export async function loadSessions(folder: string): Promise<Map<string, DiskSession>> {
  const sessions = new Map<string, DiskSession>()
  for (const id of (await readdir(folder)).filter((name) => ID.test(name))) {
    const session = await loadSession(folder, id)
    if (session) sessions.set(id, session)
    else await rm(join(folder, id), { recursive: true, force: true })
  }
  return sessions
}

async function loadSession(folder: string, id: string): Promise<DiskSession | null> {
  try {
    const text = await readFile(join(folder, id, DECLARED), 'utf8')
    const session = sessionOf(folder, id, parse(UploadRequest, JSON.parse(text)), 0)
    const part = await lstat(session.part).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null
      throw error
    })
    session.lastByteMs = (part ?? (await lstat(join(folder, id, DECLARED)))).mtimeMs
    session.done = part === null
    // After a power cut the end of the file may be other bytes than were sent; the digests will tell.
    session.offset = part === null ? session.blob.sizeBytes : part.size
    return session
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof ProtocolError) return null
    throw error
  }
}
