import { open } from 'node:fs/promises'
import { decodeLine, encodeLine } from './logfile.ts'
import type { Summarized } from './storage.ts'

/** What the index says of a document. */
export interface Found<S> extends Summarized<S> {
  /** Of the file that it was read from. */
  readonly stamp: string
}

const TAB = 0x09
const NEWLINE = 0x0a
const PIECE_BYTES = 1024 * 1024
/** Larger documents are few, and stay in their own files. A longer line is none of ours. */
const MAX_LINE_BYTES = 256 * 1024

/** Another one when the file was replaced or changed: a file's ctime, here in µs, is the system's alone. */
export const stampOf = (stat: { readonly ino: number; readonly size: number; readonly ctimeMs: number }): string =>
  `${stat.ino}:${stat.size}:${Math.round(stat.ctimeMs * 1000)}`

/** The line of a document with its newline; nothing for one that is too large. JSON has no tabs, but for escaped ones. */
export function encodeFound({ name, stamp, summary, bytes }: Found<unknown>): string {
  if (bytes.length > MAX_LINE_BYTES / 2) return ''
  return encodeLine(`${name}\t${stamp}\t${JSON.stringify(summary)}\t${Buffer.from(bytes).toString()}`)
}

/** The document of a line without its newline, if it is whole and `isFresh` wants it. */
export function decodeFound<S>(line: Buffer, isFresh: (name: string, stamp: string) => boolean): Found<S> | null {
  const all = decodeLine(line)
  if (all === null) return null
  const nameEnd = all.indexOf(TAB)
  const stampEnd = all.indexOf(TAB, nameEnd + 1)
  const summaryEnd = all.indexOf(TAB, stampEnd + 1)
  const name = all.toString('latin1', 0, nameEnd)
  const stamp = all.toString('latin1', nameEnd + 1, stampEnd)
  if (!isFresh(name, stamp)) return null
  // Our own words, checked by their checksum.
  const summary = JSON.parse(all.toString('utf8', stampEnd + 1, summaryEnd)) as S
  return { name, stamp, summary, bytes: all.subarray(summaryEnd + 1) }
}

/** Lines of the file without their newlines, a piece at a time. Stops where it cannot be read, or a line is too long. */
export async function* linesIn(path: string): AsyncGenerator<Buffer[]> {
  const handle = await open(path, 'r').catch(() => null)
  if (handle === null) return
  try {
    let rest = Buffer.alloc(0)
    while (rest.length <= MAX_LINE_BYTES) {
      const piece = Buffer.allocUnsafe(rest.length + PIECE_BYTES)
      rest.copy(piece)
      const { bytesRead } = await handle.read(piece, rest.length, PIECE_BYTES).catch(() => ({ bytesRead: 0 }))
      if (bytesRead === 0) return
      const bytes = piece.subarray(0, rest.length + bytesRead)
      const lines: Buffer[] = []
      let from = 0
      for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
        lines.push(bytes.subarray(from, at))
        from = at + 1
      }
      rest = bytes.subarray(from)
      yield lines
    }
  } finally {
    await handle.close()
  }
}
