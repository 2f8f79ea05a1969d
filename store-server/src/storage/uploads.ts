import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, Sha1, type UploadSession } from '@pawprint/protocol'
import type { BlobFiles } from './blobs.ts'
import type { Disk } from './disk.ts'
import { withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { UPLOADS_FOLDER } from './names.ts'
import { appendPart, catchUp, type DiskSession } from './part.ts'
import { loadSessions, newId, sessionOf, writeSession } from './sessionfolder.ts'
import * as rules from './sessions.ts'
import { type BlobInfo, type Blobs, type NewBlob, StorageError } from './storage.ts'

export interface Uploads extends Pick<Blobs, 'createUpload' | 'findUpload' | 'appendUpload' | 'commitUpload'> {
  /** Drops sessions to which nothing was added for `uploadKeptMs`. */
  purge(): Promise<void>
}

export interface UploadPlaces {
  /** The data folder. */
  readonly root: string
  readonly disk: Disk
  readonly files: BlobFiles
  readonly limits: rules.Limits
  /** Bytes that stay free on the disk for logs and documents. */
  readonly keepFreeBytes: number
}

interface Desk {
  readonly sessions: Map<string, DiskSession>
  readonly folder: string
  get(id: string): DiskSession
  drop(session: DiskSession): Promise<void>
  purge(): Promise<void>
}

async function openDesk({ root, disk, limits }: UploadPlaces): Promise<Desk> {
  const folder = join(root, UPLOADS_FOLDER)
  await disk.makeFolder(folder)
  const sessions = await loadSessions(folder)
  const drop = async (session: DiskSession): Promise<void> => {
    sessions.delete(session.id)
    await rm(join(folder, session.id), { recursive: true, force: true })
  }
  return {
    sessions,
    folder,
    get: (id) => {
      const session = sessions.get(id)
      if (session === undefined || rules.isStale(session, limits)) throw rules.sessionNotFound(id)
      return session
    },
    drop,
    purge: async () => {
      for (const session of sessions.values()) if (rules.isStale(session, limits)) await drop(session)
    },
  }
}

/** Upload sessions as folders: `uploads/<id>/` with `session.json` (the blob as declared) and `part` (gone once it is published). */
export async function openUploads(places: UploadPlaces): Promise<Uploads> {
  const { disk, files, limits } = places
  const desk = await openDesk(places)
  /** The session of an id that createUpload gave for a blob that was there; null for any other id. */
  const completed = async (id: string, look = files.find): Promise<BlobInfo | null> => {
    const sha1 = rules.sha1OfComplete(id)
    if (sha1 === null) return null
    const info = await look(parse(Sha1, sha1))
    if (info === null) throw rules.sessionNotFound(id)
    return info
  }
  return {
    purge: () => disk.run(desk.purge),
    createUpload: (blob) => disk.run(() => create(places, desk, blob)),
    findUpload: async (id) => {
      const complete = await completed(id)
      return complete ? rules.completeSession(complete) : rules.statusOf(desk.get(id))
    },
    appendUpload: async (id, offset, bytes) => {
      disk.assertWritable()
      const complete = await completed(id)
      if (!complete) return appendPart(disk, limits, desk.get(id), offset, bytes)
      const session = rules.completeSession(complete)
      rules.assertOffset(session, offset)
      return session
    },
    commitUpload: async (id) => {
      const complete = await disk.run(() => completed(id, files.claim))
      if (complete) return complete
      const session = desk.get(id)
      session.committing ??= disk
        .run(() => commit(disk, files, session, desk.drop))
        .finally(() => {
          session.committing = null
        })
      return session.committing
    },
  }
}

async function create(places: UploadPlaces, desk: Desk, blob: NewBlob): Promise<UploadSession> {
  const { disk, files, limits } = places
  rules.assertSize(blob, limits)
  const known = await files.claim(blob.sha1)
  const committed = known ?? (await files.committed(blob.sha1))
  if (committed !== null) rules.assertSame(blob, committed)
  if (known !== null) return rules.completeSession(known)
  await desk.purge()
  await assertFree(places, blob)
  const session = sessionOf(desk.folder, newId(), blob, limits.now())
  // Taken before the next wait, so that many at once cannot all find the last place.
  rules.assertRoom(desk.sessions.values(), limits)
  desk.sessions.set(session.id, session)
  try {
    await writeSession(disk, join(desk.folder, session.id), session)
  } catch (error) {
    await desk.drop(session)
    throw withNoSpace(error, session.id)
  }
  return rules.statusOf(session)
}

async function assertFree({ root, keepFreeBytes }: UploadPlaces, blob: NewBlob): Promise<void> {
  const { bavail, bsize } = await statfs(root)
  const free = bavail * bsize
  if (free < blob.sizeBytes + keepFreeBytes)
    throw new StorageError('E_NO_SPACE', blob.sha1, `${blob.sizeBytes + keepFreeBytes} bytes free`, `${free}`)
}

async function commit(
  disk: Disk,
  files: BlobFiles,
  session: DiskSession,
  drop: (session: DiskSession) => Promise<void>,
): Promise<BlobInfo> {
  const { sha1, sha256, sizeBytes } = session.blob
  try {
    const known = await files.claim(sha1)
    if (known !== null) rules.assertSame(session.blob, known)
    else if (session.done) throw rules.sessionNotFound(session.id)
    else {
      rules.assertWhole(session)
      await checkPart(disk, session)
      await files.publish(session.blob, session.part)
    }
  } catch (error) {
    if (rules.isHopeless(error)) await drop(session)
    throw withNoSpace(error, session.id)
  }
  session.done = true
  session.offset = sizeBytes
  await rm(session.part, { force: true })
  failpoint('commit.beforeAnswer')
  return { sha1, sha256, sizeBytes }
}

async function checkPart(disk: Disk, session: DiskSession): Promise<void> {
  const handle: FileHandle = await open(session.part, 'r+')
  try {
    failpoint('commit.beforeHash')
    await session.settled
    await catchUp(session, handle)
    rules.assertDigests(session, session.digests.digest())
    failpoint('commit.beforeSync')
    await disk.sync(handle, session.id)
  } finally {
    await handle.close()
  }
}
