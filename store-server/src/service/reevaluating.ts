import { type FromAgent, MAX_REEVALUATIONS, type Model } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Candidate } from '../core/promotion.ts'
import { metricsOn, withReevaluation } from '../core/reevaluations.ts'
import { changeModels } from './changes.ts'
import { type Store, timeOf } from './context.ts'
import { incumbentNow, judgeNow } from './deploying.ts'

type Done = Extract<FromAgent, { type: 'done' }>

/** Keeps what other models of the task were found to be on the result's test set. Only under the task's lock. */
export async function noteReevaluations(
  store: Store,
  task: string,
  { model, reevaluations = [] }: Done,
): Promise<void> {
  const { testSet } = model
  for (const { sha1, metrics, intervals, failed } of reevaluations) {
    const known = store.models.get(sha1)
    if (known === undefined || known.model.task !== task || failed !== undefined) continue
    const measured = withReevaluation(known.model, {
      testSet,
      metrics,
      ...(intervals && { intervals }),
      at: timeOf(store),
    })
    if (measured !== known.model) await changeModels(store, [{ ...known, model: measured }])
  }
}

/** A result as it is judged. Only under the task's lock. */
export function candidateOf(
  store: Store,
  task: string,
  { model: { sha1, evaluation }, reevaluations = [] }: Done,
  measured: Pick<Model, 'metrics' | 'classNames' | 'testSet' | 'finite'>,
  late: boolean,
): Candidate {
  const known = store.models.get(sha1)?.model
  const broken = known?.verdict.code === 'failed-to-load' ? known.verdict.reason : null
  const incumbent = incumbentNow(store, task)?.sha1
  const incomparable = reevaluations.find((one) => one.sha1 === incumbent)?.failed ?? null
  return { ...measured, evaluation, late, broken, incomparable }
}

/**
 * Throws StoreError E_REEVALUATE, with the model to beat in `expected`, when the candidate can only be judged once its agent has measured
 * that model on the candidate's test set, and the agent offers to. Nothing is kept of the result then: it is said again.
 * Only under the task's lock.
 */
export function requireComparable(
  store: Store,
  task: string,
  { model, reevaluations }: Done,
  candidate: Candidate,
): void {
  // An agent that never comes to an end of it is judged by what it has.
  if (reevaluations === undefined || reevaluations.length >= MAX_REEVALUATIONS) return
  if (judgeNow(store, task, model.sha1, candidate).code !== 'other-test-set') return
  const incumbent = incumbentNow(store, task)
  // Weights that are damaged are not given out.
  if (incumbent === null || incumbent.damagedAt !== undefined) return
  const isTried = reevaluations.some(({ sha1 }) => sha1 === incumbent.sha1)
  if (isTried || metricsOn(incumbent, model.testSet.fingerprint) !== null) return
  throw new StoreError('E_REEVALUATE', 'reevaluations', incumbent.sha1, 'none of it')
}
