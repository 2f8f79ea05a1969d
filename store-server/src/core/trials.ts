import {
  isFinal,
  type Job,
  jobStateOf,
  MAX_ATTEMPTS,
  MAX_METRICS,
  type Metrics,
  moveTrial,
  type Params,
  type Sha1,
  type Trial,
} from '@pawprint/protocol'
import { keptProgress, withCheckpoint } from './checkpoints.ts'
import type { JobRecord } from './records.ts'

export interface NewJob
  extends Pick<Job, 'id' | 'number' | 'notebook' | 'task' | 'seed' | 'config' | 'createdAt'>,
    Pick<JobRecord, 'requestId' | 'rank'> {
  readonly grid: readonly Params[]
  readonly reproduces?: NonNullable<Job['reproduces']>
  readonly newData?: NonNullable<Job['newData']>
}

/** A queued job with one waiting trial per point of its grid. */
export function createJob({ grid, requestId, rank, ...named }: NewJob): JobRecord {
  const trials = grid.map(
    (params, index): Trial => ({
      index,
      params: { ...params },
      state: 'waiting',
      attempt: 0,
      progress: 0,
      sha1: null,
      metrics: {},
      startedAt: null,
      endedAt: null,
      reason: null,
    }),
  )
  const job: Job = { ...named, state: 'queued', startedAt: null, endedAt: null, heardAt: null, logLines: 0, trials }
  const stopping = false
  const [leases, forgiven, checkpoints] = [trials.map(() => []), trials.map(() => 0), trials.map(() => null)]
  return { job, requestId, rank, stopping, leases, forgiven, checkpoints }
}

/** The record with some trials changed; the job's state and end follow from them. */
function withTrials(record: JobRecord, change: (trial: Trial) => Trial, now: string, stopping: boolean): JobRecord {
  const trials = record.job.trials.map(change)
  const state = jobStateOf(trials, stopping)
  const endedAt = isFinal(state) ? (record.job.endedAt ?? now) : null
  return { ...record, stopping: stopping && !isFinal(state), job: { ...record.job, trials, state, endedAt } }
}

const withTrial = (record: JobRecord, index: number, change: (trial: Trial) => Trial, now: string): JobRecord =>
  withTrials(record, (trial) => (trial.index === index ? change(trial) : trial), now, record.stopping)

/** Begins the next attempt of a waiting trial; from now on it belongs to whoever knows `lease`. */
export function startTrial(record: JobRecord, index: number, lease: string, now: string): JobRecord {
  const started = withTrial(
    record,
    index,
    (trial) => ({
      ...trial,
      state: moveTrial(trial.state, 'running'),
      attempt: trial.attempt + 1,
      progress: keptProgress(record, index),
      metrics: {},
      startedAt: now,
      reason: null,
    }),
    now,
  )
  const leases = record.leases.map((known, i) => (i === index ? [...known, lease] : known))
  return { ...started, leases, job: { ...started.job, startedAt: record.job.startedAt ?? now, heardAt: now } }
}

/** The job with what its notebook's data are now. */
export function withData(record: JobRecord, data: Job['data']): JobRecord {
  if (data === record.job.data) return record
  const { data: _former, ...job } = record.job
  return { ...record, job: data === undefined ? job : { ...job, data } }
}

/** New values beside the old ones. Names beyond the most that a trial may have are left out, so that they cannot pile up. */
const withMetrics = (before: Metrics, news: Metrics): Metrics =>
  Object.fromEntries(Object.entries({ ...before, ...news }).slice(0, MAX_METRICS))

/** Progress of a running trial; it never goes back. */
export const progressTrial = (record: JobRecord, index: number, progress: number, metrics: Metrics): JobRecord => ({
  ...record,
  job: {
    ...record.job,
    trials: record.job.trials.map((trial) =>
      trial.index === index
        ? { ...trial, progress: Math.max(trial.progress, progress), metrics: withMetrics(trial.metrics, metrics) }
        : trial,
    ),
  },
})

/** A trial that left a model. Its checkpoint has served. */
export const finishTrial = (record: JobRecord, index: number, sha1: Sha1, metrics: Metrics, now: string): JobRecord =>
  withTrial(
    withCheckpoint(record, index, null),
    index,
    (trial) => ({ ...trial, state: moveTrial(trial.state, 'done'), progress: 1, sha1, metrics, endedAt: now }),
    now,
  )

/** Whether a lost or failed attempt is followed by another one. */
const mayTryAgain = (record: JobRecord, trial: Trial): boolean =>
  !record.stopping && trial.attempt - (record.forgiven[trial.index] ?? 0) < MAX_ATTEMPTS

/** An attempt that failed: waiting for the next one, unless it would fail alike or three were made. */
export const failTrial = (
  record: JobRecord,
  index: number,
  reason: string,
  permanent: boolean,
  now: string,
): JobRecord =>
  withTrial(
    record,
    index,
    (trial) =>
      !permanent && mayTryAgain(record, trial)
        ? { ...trial, state: moveTrial(trial.state, 'waiting'), progress: keptProgress(record, index), reason }
        : { ...trial, state: moveTrial(trial.state, 'failed'), endedAt: now, reason },
    now,
  )

/** All running attempts are lost (their kernel is dead): the next attempts wait, or the trials end. */
export const loseTrials = (record: JobRecord, reason: string, now: string): JobRecord =>
  withTrials(
    record,
    (trial) => {
      if (trial.state !== 'running') return trial
      if (record.stopping) return { ...trial, state: moveTrial(trial.state, 'cancelled'), endedAt: now, reason }
      const progress = keptProgress(record, trial.index)
      return mayTryAgain(record, trial)
        ? { ...trial, state: moveTrial(trial.state, 'waiting'), progress, reason }
        : { ...trial, state: moveTrial(trial.state, 'failed'), endedAt: now, reason }
    },
    now,
    record.stopping,
  )

/** One running trial was given up by its kernel. */
export const cancelTrial = (record: JobRecord, index: number, reason: string, now: string): JobRecord =>
  withTrial(
    record,
    index,
    (trial) => ({ ...trial, state: moveTrial(trial.state, 'cancelled'), endedAt: now, reason }),
    now,
  )

/** Waiting trials are cancelled at once; running ones when their kernel says so. Harmless on a finished job. */
export const stopJob = (record: JobRecord, reason: string, now: string): JobRecord =>
  isFinal(record.job.state)
    ? record
    : withTrials(
        record,
        (trial) => (trial.state === 'waiting' ? { ...trial, state: 'cancelled', endedAt: now, reason } : trial),
        now,
        true,
      )

/** Whether a person may let it run again. */
export const isUnfinished = ({ state }: Pick<Trial, 'state'>): boolean => state === 'failed' || state === 'cancelled'

/** Failed and cancelled trials wait again, with three attempts more each; those that left a checkpoint go on from it. */
export function retryUnfinished(record: JobRecord, now: string): JobRecord {
  const forgiven = record.job.trials.map((trial, i) =>
    isUnfinished(trial) ? trial.attempt : (record.forgiven[i] ?? 0),
  )
  const again = withTrials(
    record,
    (trial) => {
      if (!isUnfinished(trial)) return trial
      const progress = keptProgress(record, trial.index)
      return { ...trial, state: moveTrial(trial.state, 'waiting'), progress, endedAt: null, reason: null }
    },
    now,
    false,
  )
  return { ...again, forgiven }
}
