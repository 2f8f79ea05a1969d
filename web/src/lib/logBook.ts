import type { LogLine } from '@pawprint/protocol'

/** Most lines held of one log, and how many of the oldest go at once when there are more. They stay in the store. */
export const MAX_HELD_LINES = 500_000
export const DROP_LINES = 100_000
/** Of a log that is longer than this, the page first asks for the last lines only. */
export const TAIL_LINES = 100_000

/** The lines of one job, in order, each once. Changed in place: at 10,000 lines/s copies would cost more than the screen. */
export interface LogBook {
  readonly lines: LogLine[]
  /** Seq of the last line held; what the next `follow` says. */
  lastSeq: number
  /** "Reconnected, n lines caught up", by the seq of the first line that was missed. */
  readonly caughtUp: Map<number, number>
}

/** An empty book that goes on after `afterSeq`. */
export const openBook = (afterSeq = 0): LogBook => ({ lines: [], lastSeq: afterSeq, caughtUp: new Map() })

/** Where to begin with a log of this many lines. */
export const tailAfter = (logLines: number): number => Math.max(0, logLines - TAIL_LINES)

/** Adds what is new, skips what is held already; gives the number of lines added. */
export function addLines(book: LogBook, lines: readonly LogLine[]): number {
  const before = book.lines.length
  for (const line of lines) {
    if (line.seq <= book.lastSeq) continue
    book.lines.push(line)
    book.lastSeq = line.seq
  }
  const added = book.lines.length - before
  if (book.lines.length > MAX_HELD_LINES) book.lines.splice(0, DROP_LINES)
  return added
}

/** Puts lines that came later, by HTTP, in front. Lines that do not come before the first one held are skipped. */
export function addEarlier(book: LogBook, lines: readonly LogLine[]): void {
  const first = book.lines[0]?.seq ?? book.lastSeq + 1
  book.lines.unshift(...lines.filter(({ seq }) => seq < first))
}

/** Marks where the page was cut off. `storedLines`: how many lines the store has now; nothing missed, nothing marked. */
export function markReconnect(book: LogBook, storedLines: number): void {
  const missed = storedLines - book.lastSeq
  if (missed > 0 && book.lines.length > 0) book.caughtUp.set(book.lastSeq + 1, missed)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const ESCAPES = /\u001b\[[0-9;?]*[A-Za-z]|\r(?!\n)/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g

/** What a line shows: its trial unless the text says it, no terminal colours, tabs as spaces. */
export function textOf(line: LogLine): string {
  const text = line.text
    .replace(ESCAPES, '')
    .replaceAll('\t', '    ')
    .replaceAll('\r\n', '\n')
    .replace(CONTROLS, '\ufffd')
  return line.trial === null || /^trial \d/i.test(text) ? text : `trial ${line.trial + 1}: ${text}`
}

/** A log as a text file. Times are the store's, in UTC. */
export const logFile = (lines: readonly LogLine[]): string =>
  lines.map((line) => `${line.time} ${line.level.padEnd(5)} ${textOf(line)}\n`).join('')
