import { type AttemptRef, type FromAgent, MAX_LOG_LINES_PER_ATTEMPT } from '@pawprint/protocol'
import { acceptRecords } from '../core/attempts.ts'
import { StoreError } from '../core/error.ts'
import type { JobRecord } from '../core/records.ts'
import { standingOf } from '../core/standing.ts'
import { cancelTrial, failTrial, progressTrial, stopJob } from '../core/trials.ts'
import { changeJobs, noteLines, saveJob, say } from './changes.ts'
import { type Store, timeOf } from './context.ts'
import { dispatch } from './dispatching.ts'

type Of<T extends FromAgent['type']> = Extract<FromAgent, { type: T }>

const leaseError = (ref: AttemptRef): StoreError =>
  new StoreError(
    'E_LEASE',
    `job ${ref.job} trial ${ref.trial} attempt ${ref.attempt}`,
    'a lease that was given',
    ref.lease,
  )

/** The job of an attempt that was once given with this lease. Throws StoreError E_LEASE. */
export function jobOfAttempt(store: Store, ref: AttemptRef): JobRecord {
  const record = store.jobs.get(ref.job)
  if (!record || standingOf(record, ref) === 'unknown') throw leaseError(ref)
  return record
}

/** As above; also refuses an attempt that belongs to a successor. Throws StoreError E_LEASE, E_FENCED. */
export function ownJob(store: Store, ref: AttemptRef): JobRecord {
  const record = jobOfAttempt(store, ref)
  if (standingOf(record, ref) === 'late')
    throw new StoreError(
      'E_FENCED',
      `job ${ref.job} trial ${ref.trial}`,
      'the present attempt',
      `attempt ${ref.attempt}`,
    )
  return record
}

/**
 * Log lines and points of an attempt. Resolves when all of the batch is on disk; what was stored before is skipped.
 * Throws StoreError E_LEASE, E_FENCED, or E_GAP with the number to send again from.
 */
export async function receive(store: Store, message: Of<'records'>): Promise<void> {
  const { job, trial, attempt } = message
  ownJob(store, message)
  await store.jobLog.ready(job)
  ownJob(store, message)
  const before = store.jobLog.received(job, trial, attempt)
  const accepted = acceptRecords(before, message)
  if (accepted.type === 'gap')
    throw new StoreError('E_GAP', `job ${job} trial ${trial} records`, `${accepted.expected}`, `${message.first}`)
  const { received, lines, points } = accepted
  store.jobLog.receive(job, trial, attempt, received)
  const writes = [
    lines.length > 0 ? store.jobLog.appendLines(job, lines) : 0,
    points.length > 0 ? store.jobLog.appendPoints(job, points) : 0,
  ] as const
  try {
    const [last] = await Promise.all(writes)
    noteLines(store, job, last)
  } catch (error) {
    // Lines and points lie in two files: a batch that came between the failure of one and the end of the other would leave a hole.
    store.jobLog.spoil(job, error)
    // What is on disk is found out again before the next batch, so that nothing is taken for stored that is not, or the reverse.
    await Promise.allSettled(writes)
    store.jobLog.recheck(job)
    throw error
  }
  if (points.length > 0) store.hub.publishRecords(job)
  if (before.dropped === 0 && received.dropped > 0)
    await say(
      store,
      job,
      `${MAX_LOG_LINES_PER_ATTEMPT} log lines are kept; what follows is only counted.`,
      trial,
      'warn',
    )
}

/** Progress is told and not written: it is made anew by the next message. Of a fenced attempt it is ignored. */
export function progress(store: Store, message: Of<'progress'>): void {
  const record = store.jobs.get(message.job)
  if (!record || standingOf(record, message) !== 'owner') return
  store.jobs.set(message.job, progressTrial(record, message.trial, message.progress, message.metrics))
  store.hub.publish({ type: 'trial', job: message.job, trial: message.trial })
}

/** Says how many lines of an attempt were not kept, now that it ended. */
export async function tellDropped(store: Store, ref: AttemptRef): Promise<void> {
  const { dropped } = store.jobLog.received(ref.job, ref.trial, ref.attempt)
  if (dropped > 0) await say(store, ref.job, `${dropped} log lines of this attempt were not kept.`, ref.trial, 'warn')
}

/** An attempt that ended without a model. Repeating it, or saying it of a fenced attempt, changes nothing. */
export async function fail(store: Store, message: Of<'failed'>): Promise<void> {
  const { job, trial, attempt, reason, permanent } = message
  const before = jobOfAttempt(store, message)
  if (standingOf(before, message) !== 'owner') return saveJob(store, job)
  const after = failTrial(before, trial, reason, permanent, timeOf(store))
  const again = after.job.trials[trial]?.state === 'waiting'
  const dropped = tellDropped(store, message)
  const changed = changeJobs(store, before.job.notebook, [after])
  const text = `Attempt ${attempt} failed: ${reason}${again ? ' It is tried again.' : ''}`
  await Promise.all([changed, dropped, say(store, job, text, trial, 'error')])
  await dispatch(store, before.job.notebook)
}

/**
 * A trial that its kernel gave up: an answer to `stop`, or a person stopped it there; then the whole job stops, or the kernel
 * would be given the next trial at once.
 */
export async function cancel(store: Store, message: Of<'cancelled'>): Promise<void> {
  const { job, trial, reason } = message
  const before = jobOfAttempt(store, message)
  if (standingOf(before, message) !== 'owner') return saveJob(store, job)
  const now = timeOf(store)
  const after = cancelTrial(stopJob(before, reason, now), trial, reason, now)
  const dropped = tellDropped(store, message)
  const changed = changeJobs(store, before.job.notebook, [after])
  const line = say(store, job, `Cancelled: ${reason}`, trial)
  await Promise.all([changed, dropped, line])
  const link = store.links.get(before.job.notebook)
  if (!before.stopping && link?.ready)
    for (const { state, index, attempt } of after.job.trials)
      if (state === 'running') link.send({ type: 'stop', job, trial: index, attempt })
  await dispatch(store, before.job.notebook)
}
