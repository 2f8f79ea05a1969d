import type { Job, Notebook, Trial } from '@pawprint/protocol'
import { isActive } from './estimate.ts'

/**
 * The notebook that Launch uses: the chosen one, else one that is at work, else of those that are there the one that was at work
 * last: whoever reloads the page when a job is over sees that job. `jobs`: newest first.
 */
export function pickNotebook(
  notebooks: readonly Notebook[],
  chosen: string | null,
  jobs: readonly Job[],
): Notebook | null {
  const idle = notebooks.filter(({ state }) => state === 'idle')
  const last = jobs.find((job) => idle.some(({ name }) => name === job.notebook))?.notebook
  return (
    notebooks.find(({ name }) => name === chosen) ??
    notebooks.find(({ state }) => state === 'busy') ??
    idle.find(({ name }) => name === last) ??
    idle[0] ??
    notebooks[0] ??
    null
  )
}

/** The job whose progress and log are shown: the chosen one, else the notebook's active one, else its newest that ran. */
export function pickJob(jobs: readonly Job[], notebook: Notebook | null, chosen: string | null): Job | null {
  const own = jobs.filter((job) => notebook !== null && job.notebook === notebook.name)
  return (
    jobs.find(({ id }) => id === chosen) ?? own.find(isActive) ?? own.find(({ state }) => state !== 'queued') ?? null
  )
}

const byPlace = (a: Job, b: Job): number => (a.position ?? 0) - (b.position ?? 0) || a.number - b.number

/** The queue of a notebook, next job first. */
export const queueOf = (jobs: readonly Job[], notebook: string): Job[] =>
  jobs.filter((job) => job.notebook === notebook && job.state === 'queued').toSorted(byPlace)

/** At most `max` trials around the one that runs, in order, so that a large grid stays readable. */
export function trialsInView(trials: readonly Trial[], max = 12): readonly Trial[] {
  if (trials.length <= max) return trials
  const present = trials.findLastIndex(({ state }) => state === 'running')
  const done = trials.findLastIndex(({ state }) => state !== 'waiting')
  const centre = Math.max(0, present >= 0 ? present : done)
  const first = Math.max(0, Math.min(centre - max + 3, trials.length - max))
  return trials.slice(first, first + max)
}
