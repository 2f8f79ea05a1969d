import {
  type AttemptRecord,
  type LogLine,
  MAX_LOG_LINE_BYTES,
  MAX_LOG_LINES_PER_ATTEMPT,
  type MetricPoint,
} from '@pawprint/protocol'

/** A line as the log keeps it; its place in the log is its seq. `n` is its number within its attempt, 0 for the store's own. */
export type StoredLine = Omit<LogLine, 'seq'> & { readonly attempt: number; readonly n: number }
export type StoredPoint = Omit<MetricPoint, 'seq'> & { readonly time: string; readonly n: number }

/** What was stored of one attempt. Lines and points lie in two files, so each has its own last number. */
export interface Received {
  readonly logNumber: number
  readonly metricNumber: number
  /** Log lines kept. */
  readonly lines: number
  /** Log lines over the quota: counted, not kept. */
  readonly dropped: number
}

export const NOTHING_RECEIVED: Received = { logNumber: 0, metricNumber: 0, lines: 0, dropped: 0 }

export interface Batch {
  readonly trial: number
  readonly attempt: number
  /** Number of the first record, from 1. */
  readonly first: number
  readonly records: readonly AttemptRecord[]
}

export type Accepted =
  | {
      readonly type: 'accepted'
      readonly received: Received
      readonly lines: readonly StoredLine[]
      readonly points: readonly StoredPoint[]
    }
  /** Records before this batch are missing; send again from `expected`. */
  | { readonly type: 'gap'; readonly expected: number }

const encoder = new TextEncoder()
const CUT_MARK = '…'

/** At most 16 KiB of UTF-8; what is cut is marked. */
export function cutLine(text: string): string {
  // A UTF-16 unit is at most 3 bytes, so most lines need no counting.
  if (text.length * 3 <= MAX_LOG_LINE_BYTES) return text
  const bytes = encoder.encode(text)
  if (bytes.length <= MAX_LOG_LINE_BYTES) return text
  const room = MAX_LOG_LINE_BYTES - encoder.encode(CUT_MARK).length
  // A character cut in half decodes to the replacement character, which is dropped.
  const head = new TextDecoder().decode(bytes.subarray(0, room)).replace(/\uFFFD$/, '')
  return `${head}${CUT_MARK}`
}

/**
 * What a batch adds to an attempt. Records that were stored before are skipped, so a repeated batch is harmless; a batch that
 * leaves a hole is refused. Above `maxLines` (default 200,000) lines are counted only, and holes among them no longer matter.
 */
export function acceptRecords(before: Received, batch: Batch, maxLines = MAX_LOG_LINES_PER_ATTEMPT): Accepted {
  const expected = Math.max(before.logNumber, before.metricNumber) + 1
  if (batch.first > expected && before.lines < maxLines) return { type: 'gap', expected }
  let { logNumber, metricNumber, lines: kept, dropped } = before
  const lines: StoredLine[] = []
  const points: StoredPoint[] = []
  const { trial, attempt } = batch
  batch.records.forEach((record, i) => {
    const n = batch.first + i
    if (record.kind === 'metric') {
      if (n <= before.metricNumber) return
      metricNumber = n
      const { time, epoch, step, name, value } = record
      points.push({ trial, attempt, n, time, epoch, step, name, value })
      return
    }
    if (n <= before.logNumber) return
    logNumber = n
    if (kept >= maxLines) dropped++
    else {
      kept++
      lines.push({ trial, attempt, n, time: record.time, level: record.level, text: cutLine(record.text) })
    }
  })
  return { type: 'accepted', received: { logNumber, metricNumber, lines: kept, dropped }, lines, points }
}

/**
 * Adds to what was received of each attempt (key `trial/attempt`), found again from the two files after a restart: some of their
 * records at a time, for all of them may not fit the memory.
 */
export function recoverReceived(
  found: Map<string, Received>,
  lines: readonly Pick<StoredLine, 'trial' | 'attempt' | 'n'>[],
  points: readonly Pick<StoredPoint, 'trial' | 'attempt' | 'n'>[],
): void {
  const update = (at: { trial: number | null; attempt: number }, change: (before: Received) => Received) => {
    const key = `${at.trial}/${at.attempt}`
    found.set(key, change(found.get(key) ?? NOTHING_RECEIVED))
  }
  for (const line of lines) {
    if (line.n === 0) continue
    update(line, (before) => ({
      ...before,
      logNumber: Math.max(before.logNumber, line.n),
      lines: before.lines + 1,
    }))
  }
  for (const point of points)
    update(point, (before) => ({ ...before, metricNumber: Math.max(before.metricNumber, point.n) }))
}
