import type { AttemptRef } from '@pawprint/protocol'

/** A trial's attempt, without its lease. */
export type Attempt = Pick<AttemptRef, 'job' | 'trial' | 'attempt'>

/** What a client wants of the store. */
export type Act =
  | { readonly type: 'upload'; readonly sha1: string }
  /** `job` is known once it is answered. */
  | { readonly type: 'launch'; readonly requestId: string; job?: string }
  /** The store gave this attempt to a kernel. */
  | ({ readonly type: 'run'; readonly lease: string } & Attempt)
  /** Records `first` to `last`. Those whose number divides by 4 are points, with their number as step; the others lines, see lineOf. */
  | ({ readonly type: 'records'; readonly first: number; readonly last: number } & Attempt)
  | ({ readonly type: 'done'; readonly sha1: string } & Attempt)
  | ({ readonly type: 'failed' } & Attempt)
  /** `revision` is known once it is answered. */
  | { readonly type: 'deploy'; readonly task: string; readonly sha1: string; revision?: number }
  | { readonly type: 'pin'; readonly task: string; readonly pinned: boolean }

export interface Entry {
  readonly act: Act
  /** `ok`: acknowledged. `fail`: refused, so nothing came of it. `unknown`: the connection ended before an answer came. */
  outcome: 'ok' | 'fail' | 'unknown'
}

/** What clients did and what they were told, in the order in which they began it. */
export type History = Entry[]

/** Notes an act before it is begun; until it is settled its outcome is unknown. */
export function invoke<T extends Act>(history: History, act: T): { readonly act: T; outcome: Entry['outcome'] } {
  const entry = { act, outcome: 'unknown' as Entry['outcome'] }
  history.push(entry)
  return entry
}

export const isPoint = (n: number): boolean => n % 4 === 0

/** The text of line `n` of an attempt. */
export const lineOf = (attempt: number, n: number): string => `attempt ${attempt} line ${n}`

/** The number of a line of this attempt; null for any other line. */
export function numberOf(attempt: number, text: string): number | null {
  const start = lineOf(attempt, 0).slice(0, -1)
  return text.startsWith(start) ? Number(text.slice(start.length)) : null
}
