import {
  type Deployment,
  type Model,
  type ModelEvaluation,
  shortSha1,
  type Task,
  type Verdict,
} from '@pawprint/protocol'
import type { ModelRecord } from './records.ts'
import { metricsOn } from './reevaluations.ts'
import { missedRequirements } from './requirements.ts'

/** What stands when a candidate arrives. */
export interface Standing {
  readonly task: Task
  readonly pinned: boolean
  /** The model to beat: the last deployed one that did not fail to load; null when there is none. */
  readonly incumbent: Model | null
  /** Whether exactly these weights are deployed now. */
  readonly isCurrent: boolean
  /** Whether a person moved away from these very weights. */
  readonly declined: boolean
}

export type Candidate = Pick<Model, 'metrics' | 'classNames' | 'testSet' | 'finite'> & {
  /** As its agent reported it. */
  readonly evaluation: ModelEvaluation | null
  /** It came from an attempt that had lost its trial. */
  readonly late: boolean
  /** Why a demo could not load these weights before; null when none tried. */
  readonly broken: string | null
  /** Why its agent could not measure the model to beat on its test set; null when it did, or did not try. */
  readonly incomparable: string | null
}
export type Judgement = Pick<Verdict, 'deployed' | 'code' | 'reason'>

const refusal = (code: Verdict['code'], reason: string): Judgement => ({ deployed: false, code, reason })

/**
 * Whether a finished model is deployed by itself: finite, in range, with all that its task asks for, and strictly better than the deployed
 * one on the candidate's own test set, where that may have been measured anew. The first valid model is deployed. Every way out says why, in plain words.
 */
export function judge(candidate: Candidate, standing: Standing): Judgement {
  const { metric } = standing.task
  const value = candidate.metrics[metric.name]
  if (standing.isCurrent) return { deployed: true, code: 'deployed', reason: 'these weights are deployed already' }
  if (candidate.late) return refusal('late', 'came after its trial had ended or passed to another attempt')
  if (candidate.broken !== null) return refusal('failed-to-load', candidate.broken)
  if (!candidate.finite) return refusal('non-finite', 'a weight is not a finite number')
  if (value === undefined) return refusal('out-of-range', `no ${metric.name} was reported`)
  if (!(value >= metric.min && value <= metric.max))
    return refusal('out-of-range', `${metric.name} ${value} is outside ${metric.min} to ${metric.max}`)
  const missed = missedRequirements(standing.task.requirements ?? [], candidate)
  if (missed !== null) return refusal('requirement', missed)
  const rank = compare(candidate, value, standing)
  if (!rank.deployed) return rank
  if (standing.declined) return refusal('declined', `${rank.reason}, but a person declined these weights`)
  if (standing.pinned) return refusal('pinned', `${rank.reason}, but the deployed model is pinned`)
  return rank
}

function compare(candidate: Candidate, value: number, { task, incumbent }: Standing): Judgement {
  if (!incumbent) return { deployed: true, code: 'deployed', reason: 'the first valid model of this task' }
  const { fingerprint, count } = candidate.testSet
  const isSameSet = incumbent.testSet.fingerprint === fingerprint
  const before = metricsOn(incumbent, fingerprint)?.[task.metric.name]
  if (before === undefined && isSameSet)
    return { deployed: true, code: 'deployed', reason: 'the deployed model was never measured' }
  if (before === undefined) return refusal('other-test-set', sayIncomparable(candidate, incumbent, task))
  const up = task.metric.direction === 'max'
  const better = up ? value > before : value < before
  const sign = better ? (up ? '>' : '<') : up ? '≤' : '≥'
  const [a, b] = showPair(task.metric, value, before)
  const reason = isSameSet
    ? `${a} ${sign} ${b}`
    : `on the new test set of ${count} images: ${a} against ${b} of the deployed one`
  return better ? { deployed: true, code: 'deployed', reason } : refusal('not-better', reason)
}

function sayIncomparable({ testSet, incomparable }: Candidate, incumbent: Model, { metric }: Task): string {
  const others = 'tested on other images than the deployed model'
  if (incumbent.damagedAt !== undefined)
    return `${others}, whose weights are damaged or lost: the two cannot be compared`
  if (incomparable !== null) return `${others}, which could not be tried on them: ${incomparable}`
  if (metricsOn(incumbent, testSet.fingerprint) !== null)
    return `${others}, whose ${metric.name} on them is not known: the two cannot be compared`
  return `${others}: the two cannot be compared`
}

/** Both values as people read them; with more digits where fewer would look alike. Fractions are shown in percent. */
function showPair(metric: Task['metric'], a: number, b: number): [string, string] {
  const percent = metric.min === 0 && metric.max === 1
  for (let digits = 1; ; digits++) {
    const show = (value: number) => (percent ? `${(value * 100).toFixed(digits)} %` : value.toPrecision(digits + 3))
    if (a === b || show(a) !== show(b) || digits === 12) return [show(a), show(b)]
  }
}

/** Whether a person moved away from these weights and no person came back to them since. */
export function isDeclined(history: readonly Deployment[], sha1: string): boolean {
  let declined = false
  history.forEach((deployment, i) => {
    if (deployment.sha1 === sha1) declined = false
    else if (deployment.by === 'person' && history[i - 1]?.sha1 === sha1) declined = true
  })
  return declined
}

/** The model that a candidate has to beat: deployed last among those that did not fail to load. */
export function incumbentOf(
  history: readonly Deployment[],
  modelOf: (sha1: string) => Model | undefined,
): Model | null {
  const working = history.findLast(({ sha1 }) => modelOf(sha1)?.verdict.code !== 'failed-to-load')
  return (working && modelOf(working.sha1)) ?? null
}

/** Why a person may not deploy this model; null when they may. */
export function undeployable(model: Model): string | null {
  if (!model.finite) return 'a weight is not a finite number'
  return model.verdict.code === 'failed-to-load' ? model.verdict.reason : null
}

/**
 * What a model says once another one serves: rolled back when a person went to one that had come before it, else replaced.
 * Order of arrival counts, not the clock.
 */
export function verdictOfFormer(former: ModelRecord, next: ModelRecord, deployment: Deployment): Verdict {
  const back = deployment.by === 'person' && next.number < former.number
  const to = shortSha1(next.model.sha1)
  return {
    deployed: false,
    code: back ? 'rolled-back' : 'replaced',
    reason: back ? `a person went back to ${to}` : `${to} took its place: ${deployment.reason}`,
    at: deployment.at,
  }
}

/** What the deployed model says. */
export const verdictOfCurrent = (deployment: Deployment): Verdict => ({
  deployed: true,
  code: 'deployed',
  reason: deployment.reason,
  at: deployment.at,
})
