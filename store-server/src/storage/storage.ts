import type { Sha1, UploadSession } from '@pawprint/protocol'

/**
 * What the store keeps, in three kinds. The embedded implementation is one data folder; `memory.ts` is another one; both pass
 * the suites in `contract.ts`. A promise that resolves means: on disk (fsync), also after a power cut.
 */
export interface Storage {
  readonly documents: Documents
  readonly blobs: Blobs
  readonly logs: Logs
  /** Says that `close` comes soon: another process that asks for the data folder may wait for it. */
  retire(): void
  /** Finishes writes under way and gives the data folder free. Changes asked for afterwards throw E_WRITE. */
  close(): Promise<void>
}

/**
 * Small JSON documents, one per aggregate, by a slash-separated name such as `registry` or `jobs/V1StGXR8/job`: segments of
 * letters, digits, "-" and "_"; any other name throws E_ARGUMENT.
 *
 * `registry` is written before the first job or blob: a folder that has those and no registry has lost it, and does not open.
 */
export interface Documents {
  /** The document, or null when there is none. Throws StorageError E_CORRUPT when it is empty, cut or no JSON. */
  read(name: string): Promise<unknown>
  /**
   * Atomic: readers and a restart see the old or the new one, whole. Writes of one name happen in order; the last one wins.
   * `value` is an object or a list, and is not changed by its owner afterwards. Throws E_ARGUMENT, E_NO_SPACE, E_WRITE.
   */
  write(name: string, value: unknown): Promise<void>
  /** Names that start with `prefix`, sorted. */
  list(prefix: string): Promise<string[]>
  /** Every document of a kind, some at a time, in no order: what a start reads. Throws as `read` and `summarize` do. */
  readAll<S>(kind: Kind<S>): AsyncIterable<readonly Summarized<S>[]>
  remove(name: string): Promise<void>
}

/** Documents `<folder>/<any>/<leaf>`; both are one segment of a name. */
export interface Kind<S> {
  readonly folder: string
  readonly leaf: string
  /** Raised when `summarize` changes: what older versions said does not count any more. */
  readonly version: number
  /**
   * Checks a document. `record` is what it says, and `summary` what is to be known without reading that: JSON values, which are
   * kept and not asked for again.
   */
  summarize(name: string, value: unknown): { readonly summary: S; readonly record: object }
}

export interface Summarized<S> {
  readonly name: string
  readonly summary: S
  /** The record, as JSON. */
  readonly bytes: Uint8Array
}

export interface BlobInfo {
  readonly sha1: Sha1
  readonly sha256: string
  readonly sizeBytes: number
}

/** A blob that was removed, with the bytes that this freed. */
export type Collected = Pick<BlobInfo, 'sha1' | 'sizeBytes'>

export interface NewBlob extends BlobInfo {
  readonly kind: 'weights' | 'checkpoint' | 'artifact'
}

/** Bytes named by their SHA-1, never changed once committed. Uploads are resumable sessions that survive a restart. */
export interface Blobs {
  /** The blob, if it is there and its bytes were verified since they last changed; a mismatch counts as absent and is told by `onCorrupt`. */
  find(sha1: Sha1): Promise<BlobInfo | null>
  /**
   * As `find`; and for `collect` the blob is as new as one committed now. Whoever is about to name a blob in a record claims it
   * first: between the two nobody removes it.
   */
  claim(sha1: Sha1): Promise<BlobInfo | null>
  /** Bytes `start` (inclusive, default 0) to `end` (exclusive, default and at most size). Throws StorageError E_NOT_FOUND. */
  read(sha1: Sha1, start?: number, end?: number): AsyncIterable<Uint8Array>
  remove(sha1: Sha1): Promise<void>
  /** Every blob there is, sorted, also those that no model names. */
  list(): Promise<Sha1[]>
  /** Hashes every blob again, drops stale upload sessions, and answers the blobs that no longer match. For once a day. */
  scrub(): Promise<Sha1[]>
  /**
   * Removes the blobs that are not in `needed` and were committed, claimed or found complete by createUpload more than `graceMs`
   * milliseconds ago; answers them. Uploads under way lose nothing. What has the name of a blob and is no plain file stays.
   */
  collect(needed: Pick<ReadonlySet<Sha1>, 'has'>, graceMs: number): Promise<Collected[]>
  /**
   * `complete` at once when the blob is already there; its id may be committed all the same. Throws E_COLLISION for a known
   * sha1 with another sha256 or size, E_TOO_LARGE for a size above the limit or below 1, E_TOO_MANY, E_NO_SPACE.
   */
  createUpload(blob: NewBlob): Promise<UploadSession>
  /** Durable offset of a session. Throws E_NOT_FOUND. */
  findUpload(id: string): Promise<UploadSession>
  /**
   * Appends at `offset`, which must be where the session stands (else E_OFFSET with the right one, digits only, in `expected`; so does a
   * second writer while the first is alive). E_TOO_LARGE with the first byte above the declared size. Keeps what came if `bytes`
   * breaks off, and leaves `bytes` early on an error: a request given here must not close its socket when its iterator returns.
   */
  appendUpload(id: string, offset: number, bytes: AsyncIterable<Uint8Array>): Promise<UploadSession>
  /**
   * Checks size (E_OFFSET: bytes are missing) and both digests (E_DIGEST: the session is removed), publishes the blob, ends the
   * session. Throws E_COLLISION as createUpload does. Repeating it is harmless.
   */
  commitUpload(id: string): Promise<BlobInfo>
}

/** Append-only sequences of JSON records, by a name such as `jobs/V1StGXR8/log`. Record `n` of a log is the n-th appended, from 1. */
export interface Logs {
  /**
   * Appends in call order; resolves when durable (group commit). Answers the number of the last record appended. Throws
   * E_NO_SPACE or E_WRITE, and then none of `records` is kept, nor what was appended to this log before that was known.
   */
  append(name: string, records: readonly unknown[]): Promise<number>
  /** Durable records with number > `after`, at most `limit`, oldest first. Throws E_CORRUPT when a record's checksum is wrong. */
  read(name: string, after: number, limit: number): Promise<{ number: number; record: unknown }[]>
  /** Number of records; 0 when there is no such log. */
  count(name: string): Promise<number>
  /** Frees the memory that the latest records of a log take, which are kept for those who follow it; they are read from disk then. */
  release(name: string): void
  remove(name: string): Promise<void>
}

/** How a storage is bounded. Times in milliseconds. */
export interface StorageOptions {
  /** Largest blob in bytes, default 2 GiB. */
  readonly maxBlobBytes?: number
  /** Upload sessions open at one time, default 64. */
  readonly maxUploads?: number
  /** A session is dropped this long after its last byte, default 24 h. */
  readonly uploadKeptMs?: number
  /** A writer from which no byte came for this long may be replaced by another one, default 3 s. */
  readonly takeoverMs?: number
  /** Wall clock, default Date.now. */
  readonly now?: () => number
  /** Told once of each blob that is there no more as it was committed. */
  readonly onCorrupt?: (sha1: Sha1, problem: string) => void
}

export type StorageErrorCode =
  | 'E_NOT_FOUND'
  | 'E_CORRUPT'
  | 'E_COLLISION'
  | 'E_TOO_LARGE'
  | 'E_NO_SPACE'
  | 'E_OFFSET'
  | 'E_DIGEST'
  | 'E_TOO_MANY' // upload sessions
  | 'E_ARGUMENT' // a name or a value that cannot be kept: a mistake of the caller
  | 'E_WRITE' // the disk refused; nothing more is written until a restart
  | 'E_LOCKED' // another process has the data folder

/** `at` names the document, blob, log or upload. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: StorageErrorCode, at: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${at}: expected ${expected}, got ${got}`, options)
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
  }
}
