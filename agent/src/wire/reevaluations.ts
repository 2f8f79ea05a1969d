import type { AttemptRef, ReevaluationReport } from '@pawprint/protocol'
import { attemptKey, type Letter } from './letters.ts'

/** Measures the model of this SHA-1 on an attempt's test set. Rejects with the signal's reason only. */
export type Reevaluate = (sha1: string, signal: AbortSignal) => Promise<ReevaluationReport>

interface Kept {
  readonly reevaluate: Reevaluate
  readonly reports: ReevaluationReport[]
  isUnderWay: boolean
}

/** Models that the store wants measured on the test set of a result before it takes the result. */
export interface Reevaluations {
  keep(attempt: AttemptRef, reevaluate: Reevaluate): void
  drop(attempt: AttemptRef): void
  /**
   * Measures a model for a refused result, once, however often that is asked meanwhile. False when it cannot be done: nobody knows how, or
   * the report is there already: then the refusal may be that of the result as it was said before.
   */
  bring(letter: Letter, sha1: string | undefined): boolean
  close(): void
}

/** `onBrought` is told of each refused result and all that was measured for it so far. */
export function createReevaluations(
  onBrought: (letter: Letter, reports: readonly ReevaluationReport[]) => void,
): Reevaluations {
  const kept = new Map<string, Kept>()
  const closing = new AbortController()
  return {
    keep(attempt, reevaluate) {
      kept.set(attemptKey(attempt), { reevaluate, reports: [], isUnderWay: false })
    },
    drop(attempt) {
      kept.delete(attemptKey(attempt))
    },
    bring(letter, sha1) {
      const known = kept.get(attemptKey(letter.attempt))
      if (known === undefined || sha1 === undefined || known.reports.some((report) => report.sha1 === sha1))
        return false
      // Another model that is asked for meanwhile, after a rollback, is asked for again when the result is said again.
      if (known.isUnderWay) return true
      known.isUnderWay = true
      known.reevaluate(sha1, closing.signal).then(
        (report) => {
          known.isUnderWay = false
          known.reports.push(report)
          onBrought(letter, known.reports)
        },
        // Only when everything ends.
        () => undefined,
      )
      return true
    },
    close: () => closing.abort(),
  }
}
