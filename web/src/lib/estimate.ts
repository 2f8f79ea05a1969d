import type { Job, Notebook, Trial } from '@pawprint/protocol'

const secondsSince = (time: string | null, nowMs: number): number =>
  time === null ? 0 : Math.max(0, (nowMs - new Date(time).getTime()) / 1000)

/** Too little of a trial is done before this to foretell its end. */
const FORETELL_FROM = 0.03

/** Seconds until a running trial ends, by how far it came; null when too early to say. */
export function trialSecondsLeft(trial: Trial, nowMs: number): number | null {
  if (trial.state !== 'running' || trial.progress < FORETELL_FROM) return null
  return (secondsSince(trial.startedAt, nowMs) / trial.progress) * (1 - trial.progress)
}

/** Seconds that a trial of this job takes: of its own that are done, else of earlier ones; null when unknown. */
export function usualSeconds(job: Job, notebook: Notebook | undefined): number | null {
  const took = job.trials.flatMap(({ state, startedAt, endedAt }) =>
    state === 'done' && startedAt !== null && endedAt !== null
      ? [secondsSince(startedAt, new Date(endedAt).getTime())]
      : [],
  )
  const sorted = took.sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? notebook?.trialSeconds ?? null
}

/** Seconds until the job ends; null when nothing is known yet. */
export function jobSecondsLeft(job: Job, notebook: Notebook | undefined, nowMs: number): number | null {
  const usual = usualSeconds(job, notebook)
  let total = 0
  for (const trial of job.trials) {
    const left =
      trial.state === 'running' ? (trialSecondsLeft(trial, nowMs) ?? usual) : trial.state === 'waiting' ? usual : 0
    if (left === null) return null
    total += left
  }
  return total
}

/** Longest time, in seconds, that one of the running trials has trained: what stopping would lose. */
export const secondsAtStake = (job: Job, nowMs: number): number =>
  Math.max(
    0,
    ...job.trials.filter(({ state }) => state === 'running').map((trial) => secondsSince(trial.startedAt, nowMs)),
  )

/** Stopping asks first above this. */
export const ASK_ABOVE_SECONDS = 300

/** The trial to speak of: the last that runs, else the first that waits, else the last. */
export const presentTrial = (job: Job): Trial | undefined =>
  job.trials.findLast(({ state }) => state === 'running') ??
  job.trials.find(({ state }) => state === 'waiting') ??
  job.trials.at(-1)

export const isOpen = (job: Job): boolean =>
  job.state === 'queued' || job.state === 'running' || job.state === 'stopping'
export const isActive = (job: Job): boolean => job.state === 'running' || job.state === 'stopping'

/** "jobs 14 and 15". */
export function nameJobs(numbers: readonly number[]): string {
  if (numbers.length <= 1) return `job ${numbers[0] ?? ''}`
  return numbers.length > 4 ? `${numbers.length} jobs` : `jobs ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`
}
