import { isFinal, type Job } from '@pawprint/protocol'
import type { JobRecord } from './records.ts'

const isStarted = ({ job }: JobRecord): boolean => job.state === 'running' || job.state === 'stopping'

/** Order of a queue: jobs that have started first, then by rank. */
export const compareInQueue = (a: JobRecord, b: JobRecord): number =>
  Number(isStarted(b)) - Number(isStarted(a)) || a.rank - b.rank

/** Unfinished jobs of one notebook in the order they run. */
export const queueOf = (jobs: Iterable<JobRecord>, notebook: string): JobRecord[] =>
  [...jobs].filter(({ job }) => job.notebook === notebook && !isFinal(job.state)).sort(compareInQueue)

/** The job that a notebook works on; null when none has started. */
export function activeJob([head]: readonly JobRecord[]): JobRecord | null {
  return head && isStarted(head) ? head : null
}

/**
 * Trials to start now, at most as many as `slots` leaves free. One job at a time: the next one begins when nothing of the
 * first runs or waits any more.
 */
export function assignments(queue: readonly JobRecord[], slots: number): { readonly job: string; trial: number }[] {
  const [head] = queue
  if (!head || head.stopping) return []
  let running = 0
  for (const record of queue) {
    if (!isStarted(record)) break
    running += record.job.trials.filter(({ state }) => state === 'running').length
  }
  return head.job.trials
    .filter(({ state }) => state === 'waiting')
    .slice(0, Math.max(0, slots - running))
    .map(({ index }) => ({ job: head.job.id, trial: index }))
}

/** Places in the queue, from 1 = next, of the jobs that have not started. */
export const positionsOf = (queue: readonly JobRecord[]): Map<string, number> =>
  new Map(queue.filter((record) => !isStarted(record)).map(({ job }, i) => [job.id, i + 1]))

/** The queue's records whose rank changes when the queued job `id` is moved to `position` (from 1; beyond the end: last). */
export function moveInQueue(queue: readonly JobRecord[], id: string, position: number): JobRecord[] {
  const waiting = queue.filter((record) => !isStarted(record))
  const moved = waiting.find(({ job }) => job.id === id)
  if (!moved) return []
  const ranks = waiting.map(({ rank }) => rank)
  const order = waiting.filter((record) => record !== moved)
  order.splice(position - 1, 0, moved)
  return order.flatMap((record, i) => {
    const rank = ranks[i] ?? record.rank
    return rank === record.rank ? [] : [{ ...record, rank }]
  })
}

/** A seed for a job: the config's own, or one drawn. `chance` is from 0 to below 1. */
export function seedOf(config: Job['config'], chance: number): number {
  const given = config.SEED
  return typeof given === 'number' ? given : Math.floor(chance * 2 ** 32)
}
