import * as v from 'valibot'
import { LogLevel, MetricPoint } from './records.ts'
import { Count, Finite, Id, Time } from './values.ts'

/** Names one attempt of one trial. `lease` is its fencing token: without the present one nothing is changed. */
export const attemptEntries = { job: Id, trial: Count, attempt: Count, lease: Id }
export const AttemptRef = v.object(attemptEntries)
export type AttemptRef = v.InferOutput<typeof AttemptRef>

/** One numbered record of an attempt; its number is the batch's `first` plus its place. */
export const AttemptRecord = v.variant('kind', [
  v.object({ kind: v.literal('log'), time: Time, level: LogLevel, text: v.string() }),
  v.object({
    kind: v.literal('metric'),
    time: Time,
    epoch: Count,
    step: Count,
    name: MetricPoint.entries.name,
    value: Finite,
  }),
])
export type AttemptRecord = v.InferOutput<typeof AttemptRecord>
