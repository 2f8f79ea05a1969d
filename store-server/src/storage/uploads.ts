import { type FileHandle, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, Sha1 } from '@pawprint/protocol'
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

/** Upload sessions as folders: `uploads/<id>/` with `session.json` (the blob as declared) and `part` (gone once it is published). */
export async function openUploads(places: UploadPlaces): Promise<Uploads> {
  const { root, disk, files, limits } = places
  const folder = join(root, UPLOADS_FOLDER)
  await disk.makeFolder(folder)
  const sessions = await loadSessions(folder)
  const get = (id: string): DiskSession => {
    const session = sessions.get(id)
    if (session === undefined || rules.isStale(session, limits)) throw rules.sessionNotFound(id)
    return session
  }
  const drop = async (session: DiskSession): Promise<void> => {
    sessions.delete(session.id)
    await rm(join(folder, session.id), { recursive: true, force: true })
  }
  const purge = async (): Promise<void> => {
    for (const session of sessions.values()) if (rules.isStale(session, limits)) await drop(session)
  }
  const completed = async (id: string): Promise<BlobInfo | null> => {
    const sha1 = rules.sha1OfComplete(id)
    if (sha1 === null) return null
    const info = await files.find(parse(Sha1, sha1))
    if (info === null) throw rules.sessionNotFound(id)
    return info
  }
  const create = async (blob: NewBlob) => {
    rules.assertSize(blob, limits)
    const known = await files.find(blob.sha1)
    const committed = known ?? (await files.committed(blob.sha1))
    if (committed !== null) rules.assertSame(blob, committed)
    if (known !== null) return rules.completeSession(known)
    await purge()
    await assertFree(places, blob)
    const id = newId()
    const session = sessionOf(folder, id, blob, limits.now())
    // Taken before the first wait, so that many at once cannot all find the last place.
    rules.assertRoom(sessions.values(), limits)
    sessions.set(id, session)
    try {
      await writeSession(disk, join(folder, id), session)
    } catch (error) {
      await drop(session)
      throw withNoSpace(error, id)
    }
    return rules.statusOf(session)
  }
  return {
    purge: () => disk.run(purge),
    createUpload: (blob) => disk.run(() => create(blob)),
    findUpload: async (id) => {
      const complete = await completed(id)
      return complete ? rules.completeSession(complete) : rules.statusOf(get(id))
    },
    appendUpload: async (id, offset, bytes) => {
      disk.assertWritable()
      const complete = await completed(id)
      if (complete) {
        rules.assertOffset(rules.completeSession(complete), offset)
        return rules.completeSession(complete)
      }
      return appendPart(disk, limits, get(id), offset, bytes)
    },
    commitUpload: async (id) => {
      const complete = await completed(id)
      if (complete) return complete
      const session = get(id)
      session.committing ??= disk
        .run(() => commit(disk, files, session, drop))
        .finally(() => {
          session.committing = null
        })
      return session.committing
    },
  }
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
    const known = await files.find(sha1)
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
    await catchUp(session, handle)
    rules.assertDigests(session, session.digests.digest())
    failpoint('commit.beforeSync')
    await disk.sync(handle, session.id)
  } finally {
    await handle.close()
  }
}
