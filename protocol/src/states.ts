import { ProtocolError } from './error.ts'
import type { JobState, Trial, TrialState } from './records.ts'

const NEXT: Readonly<Record<TrialState, readonly TrialState[]>> = {
  waiting: ['running', 'cancelled'],
  // Back to waiting: the attempt was lost and another one follows.
  running: ['done', 'failed', 'cancelled', 'waiting'],
  failed: ['waiting'],
  done: [],
  // A person took the stop back: it goes on from its last checkpoint.
  cancelled: ['waiting'],
}

/** `next`, if a trial may go there from `state`; else throws ProtocolError E_TRANSITION. */
export function moveTrial(state: TrialState, next: TrialState): TrialState {
  if (!NEXT[state].includes(next))
    throw new ProtocolError('E_TRANSITION', 'trial', NEXT[state].join(' or ') || `nothing after ${state}`, next)
  return next
}

const isOpen = (trial: Pick<Trial, 'state'>): boolean => trial.state === 'waiting' || trial.state === 'running'

/** The state of a job follows from its trials: one truth, no second one to disagree with it. */
export function jobStateOf(trials: readonly Pick<Trial, 'state'>[], stopping: boolean): JobState {
  if (trials.some(isOpen)) {
    if (stopping) return 'stopping'
    return trials.every((trial) => trial.state === 'waiting') ? 'queued' : 'running'
  }
  if (trials.some((trial) => trial.state === 'failed')) return 'failed'
  return trials.some((trial) => trial.state === 'cancelled') ? 'cancelled' : 'done'
}

export const isFinal = (state: JobState): boolean => state === 'done' || state === 'failed' || state === 'cancelled'
