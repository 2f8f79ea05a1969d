import type { AttemptRef } from '@pawprint/protocol'
import { attemptKey } from '../wire/letters.ts'
import type { Assignment } from './assignment.ts'

/** Runs trials side by side, at most `slots` at a time, in the order they came. */
export interface Runner {
  /** An attempt that is under way already is left alone. */
  run(assignment: Assignment): void
  /** Aborts one attempt; false when it is not under way. */
  stop(attempt: Pick<AttemptRef, 'job' | 'trial' | 'attempt'>, reason: Error): boolean
  /** Aborts all; resolves when they have ended. */
  stopAll(reason: Error): Promise<void>
  /** From now on trials start; before, they wait. */
  open(): void
  attempts(): AttemptRef[]
}

interface Entry {
  readonly assignment: Assignment
  readonly controller: AbortController
  ended: Promise<void> | undefined
}

/** `execute` must not reject. */
export function createRunner(
  slots: number,
  execute: (assignment: Assignment, signal: AbortSignal) => Promise<void>,
): Runner {
  const entries = new Map<string, Entry>()
  let isOpen = false

  const startNext = (): void => {
    if (!isOpen) return
    const running = [...entries.values()].filter(({ ended }) => ended !== undefined).length
    const next = [...entries.values()].filter(({ ended }) => ended === undefined).slice(0, Math.max(0, slots - running))
    for (const entry of next) start(entry)
  }
  const start = (entry: Entry): void => {
    entry.ended = execute(entry.assignment, entry.controller.signal).finally(() => {
      entries.delete(attemptKey(entry.assignment))
      startNext()
    })
  }
  return {
    run(assignment) {
      const key = attemptKey(assignment)
      if (entries.has(key)) return
      entries.set(key, { assignment, controller: new AbortController(), ended: undefined })
      startNext()
    },
    stop(attempt, reason) {
      const entry = entries.get(attemptKey(attempt))
      if (entry === undefined) return false
      entry.controller.abort(reason)
      // One that waits for a slot ends at once, by running into its aborted signal.
      if (entry.ended === undefined) start(entry)
      return true
    },
    async stopAll(reason) {
      const all = [...entries.values()]
      for (const { assignment } of all) this.stop(assignment, reason)
      await Promise.all(all.map(({ ended }) => ended))
    },
    open() {
      isOpen = true
      startNext()
    },
    attempts: () =>
      [...entries.values()].map(({ assignment: { job, trial, attempt, lease } }) => ({ job, trial, attempt, lease })),
  }
}
