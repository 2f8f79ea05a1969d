import type { AttemptRef, FromAgent } from '@pawprint/protocol'

/** The end of an attempt. It travels after all of the attempt's records are acknowledged. */
export type Outcome =
  | Omit<Extract<FromAgent, { type: 'done' }>, 'id' | keyof AttemptRef>
  | Omit<Extract<FromAgent, { type: 'failed' }>, 'id' | keyof AttemptRef>
  | Omit<Extract<FromAgent, { type: 'cancelled' }>, 'id' | keyof AttemptRef>

/** A message to be sent until it is acknowledged. */
export interface Letter {
  readonly id: string
  readonly attempt: AttemptRef
  readonly text: string
  /** What it counts against the bounds. */
  readonly records: number
  readonly bytes: number
  readonly type: 'records' | 'checkpoint' | Outcome['type']
}

/** A checkpoint whose bytes the store has. */
export interface Uploaded {
  readonly sha1: string
  readonly step: number
  readonly progress: number
}

/** One text for each attempt, for maps. */
export const attemptKey = ({ job, trial, attempt }: Pick<AttemptRef, 'job' | 'trial' | 'attempt'>): string =>
  `${job}/${trial}/${attempt}`
