import { MAX_BLOB_BYTES, type UploadSession } from '@pawprint/protocol'
import { type BlobInfo, type NewBlob, StorageError, type StorageOptions } from './storage.ts'

/** The rules of upload sessions: pure, so that every implementation of Blobs keeps the same ones. */
export type Limits = Required<Omit<StorageOptions, 'onCorrupt'>>

export const limitsOf = (options: StorageOptions): Limits => ({
  maxBlobBytes: options.maxBlobBytes ?? MAX_BLOB_BYTES,
  maxUploads: options.maxUploads ?? 64,
  uploadKeptMs: options.uploadKeptMs ?? 24 * 60 * 60 * 1000,
  takeoverMs: options.takeoverMs ?? 3000,
  now: options.now ?? Date.now,
})

/** Someone who sends bytes. `waitingSinceMs` is null while it works, and so may not be replaced. */
export interface Writer {
  waitingSinceMs: number | null
}

/** An upload under way. `offset` bytes came; they are durable once the blob is published. */
export interface Session {
  readonly id: string
  readonly blob: NewBlob
  offset: number
  /** When the last byte came. */
  lastByteMs: number
  writer: Writer | null
  /** The blob is published; the session stays a while, so that a repeated commit finds it. */
  done: boolean
}

const offsetError = (session: Pick<Session, 'id' | 'offset'>, got: string): StorageError =>
  new StorageError('E_OFFSET', session.id, `${session.offset}`, got)

/** Throws E_TOO_LARGE for a size outside 1 to the limit. */
export function assertSize(blob: NewBlob, limits: Limits): void {
  if (!Number.isSafeInteger(blob.sizeBytes) || blob.sizeBytes < 1 || blob.sizeBytes > limits.maxBlobBytes)
    throw new StorageError('E_TOO_LARGE', blob.sha1, `1 to ${limits.maxBlobBytes} bytes`, `${blob.sizeBytes}`)
}

/** Throws E_COLLISION when `known`, under the same SHA-1, has other bytes. */
export function assertSame(blob: BlobInfo, known: BlobInfo): void {
  if (known.sha256 !== blob.sha256 || known.sizeBytes !== blob.sizeBytes)
    throw new StorageError(
      'E_COLLISION',
      blob.sha1,
      `sha256 ${known.sha256}, ${known.sizeBytes} bytes`,
      `sha256 ${blob.sha256}, ${blob.sizeBytes} bytes`,
    )
}

/** Throws E_TOO_MANY when as many sessions are open as may be. */
export function assertRoom(sessions: Iterable<Session>, limits: Limits): void {
  let open = 0
  for (const session of sessions) if (!session.done) open++
  if (open >= limits.maxUploads)
    throw new StorageError('E_TOO_MANY', 'uploads', `at most ${limits.maxUploads} sessions`, `${open + 1}`)
}

/** Whether nothing came for so long that the session may go. */
export const isStale = (session: Session, limits: Limits): boolean =>
  session.writer === null && limits.now() - session.lastByteMs > limits.uploadKeptMs

/**
 * Makes the caller the session's only writer. Throws E_OFFSET while another one is at work; one that waits for bytes longer than
 * `takeoverMs` (its network is gone, its socket not yet closed) loses its place instead.
 */
export function claim(session: Session, limits: Limits): Writer {
  const { writer } = session
  const stuck =
    writer !== null && writer.waitingSinceMs !== null && limits.now() - writer.waitingSinceMs >= limits.takeoverMs
  if (writer !== null && !stuck) throw offsetError(session, 'another writer at work')
  const mine: Writer = { waitingSinceMs: null }
  session.writer = mine
  return mine
}

/** Throws E_OFFSET unless `offset` is where the session stands. */
export function assertOffset(session: Pick<Session, 'id' | 'offset'>, offset: number): void {
  if (offset !== session.offset) throw offsetError(session, `${offset}`)
}

/** Throws E_OFFSET when another writer took over meanwhile, E_TOO_LARGE when `end` is above the declared size. */
export function assertTurn(session: Session, writer: Writer, end: number): void {
  if (session.writer !== writer) throw offsetError(session, 'bytes of a writer that was replaced')
  if (end > session.blob.sizeBytes)
    throw new StorageError('E_TOO_LARGE', session.id, `${session.blob.sizeBytes} bytes`, `at least ${end}`)
}

/** Throws E_OFFSET unless all bytes are there and nobody is at work. */
export function assertWhole(session: Session): void {
  if (session.offset !== session.blob.sizeBytes)
    throw new StorageError('E_OFFSET', session.id, `${session.blob.sizeBytes}`, `${session.offset}`)
}

/** Throws E_DIGEST unless the bytes that came are the ones declared. */
export function assertDigests(session: Session, got: { sha1: string; sha256: string }): void {
  for (const algorithm of ['sha256', 'sha1'] as const) {
    const expected = session.blob[algorithm]
    if (got[algorithm] !== expected)
      throw new StorageError('E_DIGEST', session.id, `${algorithm} ${expected}`, got[algorithm])
  }
}

/** Whether the bytes of the session that ended so can never become its blob. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof StorageError && (error.code === 'E_DIGEST' || error.code === 'E_COLLISION')

export const sessionNotFound = (id: string): StorageError =>
  new StorageError('E_NOT_FOUND', 'uploads', 'an upload session', id)

export const statusOf = ({ id, blob, offset, done }: Session): UploadSession => ({
  id,
  sha1: blob.sha1,
  sizeBytes: blob.sizeBytes,
  offset: done ? blob.sizeBytes : offset,
  complete: done,
})

const COMPLETE = 'complete-'

/** What createUpload answers for a blob that is there: its id says all, so nothing has to be kept for it. */
export const completeSession = (blob: BlobInfo): UploadSession => ({
  id: `${COMPLETE}${blob.sha1}`,
  sha1: blob.sha1,
  sizeBytes: blob.sizeBytes,
  offset: blob.sizeBytes,
  complete: true,
})

/** The sha1 in an id made by completeSession; null for any other id. */
export const sha1OfComplete = (id: string): string | null =>
  /^complete-[0-9a-f]{40}$/.test(id) ? id.slice(COMPLETE.length) : null
