import type { AttemptRef } from '@pawprint/protocol'
import type { JobRecord } from './records.ts'

/**
 * Whose attempt this is: `owner` runs it now; `ended` ran it to an end; `late` lost it to a successor; `unknown` never had it.
 */
export function standingOf(record: JobRecord | undefined, ref: AttemptRef): 'owner' | 'ended' | 'late' | 'unknown' {
  const trial = record?.job.trials[ref.trial]
  if (!trial || ref.attempt < 1 || record?.leases[ref.trial]?.[ref.attempt - 1] !== ref.lease) return 'unknown'
  if (ref.attempt !== trial.attempt || trial.state === 'waiting') return 'late'
  return trial.state === 'running' ? 'owner' : 'ended'
}
