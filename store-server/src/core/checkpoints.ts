import type { CheckpointRecord, JobRecord } from './records.ts'

/** How far the next attempt begins. */
export const keptProgress = (record: JobRecord, index: number): number => record.checkpoints[index]?.progress ?? 0

/** The record with another checkpoint of one trial. */
export const withCheckpoint = (record: JobRecord, index: number, checkpoint: CheckpointRecord | null): JobRecord => ({
  ...record,
  checkpoints: record.checkpoints.map((known, i) => (i === index ? checkpoint : known)),
})

/**
 * What the running attempt left, in the place of what was there. A trial that has come further than ever has three attempts from
 * here on: interruptions are no failures, and a long training may have many.
 */
export function checkpointTrial(
  record: JobRecord,
  index: number,
  { sha1, step, progress }: Omit<CheckpointRecord, 'furthest'>,
): JobRecord {
  const before = record.checkpoints[index]?.furthest ?? 0
  const attempt = record.job.trials[index]?.attempt ?? 0
  const forgiven = record.forgiven.map((known, i) => (i === index && step > before ? attempt - 1 : known))
  return {
    ...withCheckpoint(record, index, { sha1, step, progress, furthest: Math.max(before, step) }),
    forgiven,
  }
}
