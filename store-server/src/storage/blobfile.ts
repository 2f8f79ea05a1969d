import { constants, type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BlobRecord, ProtocolError, parse, Sha1 } from '@pawprint/protocol'
import { errnoOf } from './errno.ts'
import { BLOBS_FOLDER } from './names.ts'
import type { BlobInfo } from './storage.ts'

const PIECE_BYTES = 256 * 1024
const RECORD_SUFFIX = '.json'
/** A planted link is not followed, and a planted pipe does not block. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Bytes of a blob: `blobs-v1/sha1/ab/cdef…` below `root`. This path is public: a demo on the same machine reads it. */
export const blobPath = (root: string, sha1: string): string =>
  join(root, BLOBS_FOLDER, 'sha1', sha1.slice(0, 2), sha1.slice(2))
/** What was committed: `blobs-v1/record/ab/cdef….json`, with both digests and the size. */
export const recordPath = (root: string, sha1: string): string =>
  join(root, BLOBS_FOLDER, 'record', sha1.slice(0, 2), sha1.slice(2) + RECORD_SUFFIX)

/** A blob's file, open. The caller closes `handle`. */
export interface Opened {
  readonly handle: FileHandle
  /** Another one when the file was replaced or written to. */
  readonly stamp: string
  readonly sizeBytes: number
}

/** The blob's file, or in words why there is none to read. */
export async function openBlob(path: string): Promise<Opened | string> {
  let handle: FileHandle
  try {
    handle = await open(path, READ_FLAGS)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'no file'
    if (errnoOf(error) === 'ELOOP') return 'a symbolic link'
    if (errnoOf(error) === 'ENXIO') return 'no plain file'
    throw error
  }
  const stat = await handle.stat({ bigint: true })
  if (stat.isFile()) return { handle, stamp: `${stat.ino}:${stat.size}:${stat.mtimeNs}`, sizeBytes: Number(stat.size) }
  await handle.close()
  return stat.isDirectory() ? 'a folder' : 'no plain file'
}

/** Null also when it cannot be parsed: a record says nothing that hashing the bytes would not say. */
export async function readRecord(path: string): Promise<BlobInfo | null> {
  try {
    return parse(BlobRecord, JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof ProtocolError) return null
    throw error
  }
}

/** Bytes `start` to `end` (exclusive). Memory is flat: a piece is read when the one before was taken. */
export async function* piecesOf(opened: Opened, start: number, end: number): AsyncGenerator<Uint8Array> {
  const last = Math.min(end, opened.sizeBytes)
  for (let at = start; at < last; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, last - at))
    const { bytesRead } = await opened.handle.read(piece, 0, piece.length, at)
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Names of the blobs that have bytes, and of those that have a record. */
export const blobsThere = (root: string): Promise<Sha1[]> => namesIn(join(root, BLOBS_FOLDER, 'sha1'), '')
export const recordsThere = (root: string): Promise<Sha1[]> =>
  namesIn(join(root, BLOBS_FOLDER, 'record'), RECORD_SUFFIX)

async function namesIn(folder: string, suffix: string): Promise<Sha1[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: unknown): string[] => {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  })
  const names = entries
    .filter((name) => name.endsWith(suffix))
    .map((name) => name.slice(0, name.length - suffix.length))
  return names.flatMap((name) => (/^[0-9a-f]{2}\/[0-9a-f]{38}$/.test(name) ? [parse(Sha1, name.replace('/', ''))] : []))
}
