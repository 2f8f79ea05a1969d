import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { errnoOf } from './errno.ts'
import { StorageError } from './storage.ts'

/**
 * One record per line: the CRC-32 of its JSON in 8 hex digits, a space, the JSON. A line `=` is written once all before it is
 * on disk. So a bad line that a seal follows was durable once and is damage (E_CORRUPT), and one that no seal follows belongs
 * to a batch that a crash tore before anyone was told that it is kept: it is cut.
 */
export const SEAL = Buffer.from('=\n')
const CHECKSUM_DIGITS = 8
const NEWLINE = 0x0a
const PIECE_BYTES = 256 * 1024
/** The index keeps the offset of every 256th record: 782 numbers for 200,000 lines, and a read skips 255 lines at most. */
export const INDEX_STEP = 256

/** What is known of a log file. `index[i]` is the byte where record `i * INDEX_STEP + 1` starts. */
export interface LogState {
  count: number
  sizeBytes: number
  readonly index: number[]
}

export interface Line {
  readonly bytes: Buffer
  /** Of its first byte in the file. */
  readonly offset: number
}

const checksum = (json: string | Uint8Array): string => crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0')

/** The line of a record, given its JSON. */
export const encodeLine = (json: string): string => `${checksum(json)} ${json}\n`

/** Whether a line that is not right swallowed a seal with its newline: no whole JSON ends so. */
const holdsSeal = (line: Buffer): boolean => line.at(-1) === SEAL[0]

export const isSeal = (line: Buffer): boolean => line.length === 1 && line[0] === SEAL[0]

/** The JSON of a line, or null when its checksum does not fit. */
export function decodeLine(line: Buffer): Buffer | null {
  const json = line.subarray(CHECKSUM_DIGITS + 1)
  return line.toString('latin1', 0, CHECKSUM_DIGITS + 1) === `${checksum(json)} ` ? json : null
}

/** The whole lines from byte `start` to `end`, many at a time, without their newlines. Memory is flat but for one line. */
export async function* linesOf(handle: FileHandle, start: number, end: number): AsyncGenerator<Line[]> {
  let rest = Buffer.alloc(0)
  let position = start
  while (position < end) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, end - position))
    const { bytesRead } = await handle.read(piece, 0, piece.length, position)
    if (bytesRead === 0) return
    const lines: Line[] = []
    const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)])
    const offset = position - rest.length
    let from = 0
    // What was carried over holds no newline, so the search starts behind it.
    for (let at = bytes.indexOf(NEWLINE, rest.length); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      lines.push({ bytes: bytes.subarray(from, at), offset: offset + from })
      from = at + 1
    }
    rest = bytes.subarray(from)
    position += bytesRead
    if (lines.length > 0) yield lines
  }
}

/** Counts a record that starts at `offset`. */
export function countRecord(state: LogState, offset: number): void {
  if (state.count % INDEX_STEP === 0) state.index.push(offset)
  state.count++
}

/**
 * Reads a log once, from end to end. `sizeBytes` is where its good part ends; what follows is torn and to be cut.
 * Throws StorageError E_CORRUPT when a bad line is followed by a seal.
 */
export async function scanLog(handle: FileHandle, name: string): Promise<LogState> {
  const { size } = await handle.stat()
  const state: LogState = { count: 0, sizeBytes: 0, index: [] }
  let torn = false
  for await (const lines of linesOf(handle, 0, size)) {
    for (const { bytes, offset } of lines) {
      const seal = isSeal(bytes)
      torn ||= !seal && decodeLine(bytes) === null
      if (torn && holdsSeal(bytes)) throw corruptLog(name, state.count, state.sizeBytes)
      if (torn) continue
      if (!seal) countRecord(state, offset)
      state.sizeBytes = offset + bytes.length + 1
    }
  }
  return state
}

export const corruptLog = (name: string, recordsBefore: number, offset: number): StorageError =>
  new StorageError('E_CORRUPT', name, `the checksum of record ${recordsBefore + 1}`, `other bytes at ${offset}`)

/** The log's file, or null when there is none. The caller closes it. */
export const openOrNull = async (path: string, flags: 'r' | 'r+'): Promise<FileHandle | null> => {
  try {
    return await open(path, flags)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Records after `after`, at most `limit`, oldest first. Throws StorageError E_CORRUPT when a record is damaged. */
export async function readRecords(path: string, name: string, state: LogState, after: number, limit: number) {
  const { count, sizeBytes, index } = state
  const found: { number: number; record: unknown }[] = []
  const last = Math.min(count, after + limit)
  const step = Math.floor(after / INDEX_STEP)
  const start = index[step]
  if (after >= last || start === undefined) return found
  const handle = await openOrNull(path, 'r')
  if (handle === null) return found
  try {
    let number = step * INDEX_STEP
    for await (const lines of linesOf(handle, start, sizeBytes)) {
      for (const { bytes, offset } of lines) {
        if (isSeal(bytes)) continue
        if (++number <= after) continue
        const json = decodeLine(bytes)
        if (json === null) throw corruptLog(name, number - 1, offset)
        found.push({ number, record: JSON.parse(json.toString()) })
        if (number === last) return found
      }
    }
    throw corruptLog(name, number, sizeBytes)
  } finally {
    await handle.close()
  }
}
