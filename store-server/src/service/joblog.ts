import type { LogLine, MetricPoint } from '@pawprint/protocol'
import {
  NOTHING_RECEIVED,
  type Received,
  recoverReceived,
  type StoredLine,
  type StoredPoint,
} from '../core/attempts.ts'
import type { Logs } from '../storage/storage.ts'
import { DOCUMENTS } from './changes.ts'

/** Records read at one time when a whole file is gone through. */
const PAGE_RECORDS = 10_000

/** Log and curves of the jobs. A number is a record's place in its file, from 1: the seq that everyone sees. */
export interface JobLog {
  /** Resolves with the last seq once the lines are on disk. */
  appendLines(job: string, lines: readonly StoredLine[]): Promise<number>
  appendPoints(job: string, points: readonly StoredPoint[]): Promise<number>
  /** Records after `after`, oldest first, at most `limit`. */
  lines(job: string, after: number, limit: number): Promise<LogLine[]>
  points(job: string, after: number, limit: number): Promise<MetricPoint[]>
  count(job: string): Promise<number>
  /** What was received of an attempt. Wait for `ready(job)` first. */
  received(job: string, trial: number, attempt: number): Received
  receive(job: string, trial: number, attempt: number, received: Received): void
  /** Resolves when what was received before a restart is known again. */
  ready(job: string): Promise<void>
  /** Frees the latest records of a job from memory; they are read from disk from then on. */
  release(job: string): void
  /** A write failed and others are under way: until `recheck`, `ready` rejects with `error`, so that nothing is taken behind it. */
  spoil(job: string, error: unknown): void
  /** Forgets what was received of a job: it is found out again from the disk before the next batch. */
  recheck(job: string): void
  remove(job: string): Promise<void>
}

const { log: linesOf, metrics: pointsOf } = DOCUMENTS

// Our own records, checked by their checksum when they were read.
const toLine = (seq: number, record: unknown): LogLine => {
  const { time, trial, level, text } = record as StoredLine
  return { seq, time, trial, level, text }
}
const toPoint = (seq: number, record: unknown): MetricPoint => {
  const { trial, attempt, epoch, step, name, value } = record as StoredPoint
  return { seq, trial, attempt, epoch, step, name, value }
}

async function read<T>(
  logs: Logs,
  name: string,
  after: number,
  limit: number,
  make: (seq: number, record: unknown) => T,
): Promise<T[]> {
  return (await logs.read(name, after, limit)).map(({ number, record }) => make(number, record))
}

/** Gives all records of a log to `take`, page by page. */
async function readAll(logs: Logs, name: string, take: (records: unknown[]) => void): Promise<void> {
  for (let after = 0; ; after += PAGE_RECORDS) {
    const page = await logs.read(name, after, PAGE_RECORDS)
    take(page.map(({ record }) => record))
    if (page.length < PAGE_RECORDS) return
  }
}

/** What was received of each job's attempts, found out from the files when it is first asked for. */
function createReceipts(logs: Logs) {
  const receipts = new Map<string, { scanned: Promise<void>; byAttempt: Map<string, Received> }>()
  return {
    of(job: string) {
      const known = receipts.get(job)
      if (known) return known
      const byAttempt = new Map<string, Received>()
      const scan = async () => {
        await readAll(logs, linesOf(job), (lines) => recoverReceived(byAttempt, lines as StoredLine[], []))
        await readAll(logs, pointsOf(job), (points) => recoverReceived(byAttempt, [], points as StoredPoint[]))
      }
      const receipt = { scanned: scan(), byAttempt }
      receipts.set(job, receipt)
      receipt.scanned.catch(() => receipts.delete(job))
      return receipt
    },
    spoil(job: string, error: unknown) {
      const scanned = Promise.reject(error)
      scanned.catch(() => {})
      receipts.set(job, { scanned, byAttempt: new Map() })
    },
    forget: (job: string) => void receipts.delete(job),
  }
}

export function createJobLog(logs: Logs): JobLog {
  const receipts = createReceipts(logs)
  const release = (job: string) => {
    logs.release(linesOf(job))
    logs.release(pointsOf(job))
  }
  return {
    appendLines: (job, lines) => logs.append(linesOf(job), lines),
    appendPoints: (job, points) => logs.append(pointsOf(job), points),
    lines: (job, after, limit) => read(logs, linesOf(job), after, limit, toLine),
    points: (job, after, limit) => read(logs, pointsOf(job), after, limit, toPoint),
    count: (job) => logs.count(linesOf(job)),
    received: (job, trial, attempt) => receipts.of(job).byAttempt.get(`${trial}/${attempt}`) ?? NOTHING_RECEIVED,
    receive: (job, trial, attempt, received) => receipts.of(job).byAttempt.set(`${trial}/${attempt}`, received),
    ready: (job) => receipts.of(job).scanned,
    spoil: receipts.spoil,
    recheck: receipts.forget,
    release,
    async remove(job) {
      release(job)
      receipts.forget(job)
      await logs.remove(linesOf(job))
      await logs.remove(pointsOf(job))
    },
  }
}
