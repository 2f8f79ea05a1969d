import type { Model, TaskStatus, Verdict } from '@pawprint/protocol'
import { showWhen } from '@pawprint/ui/time'

/** What the screen says about a model's deployment. */
export interface Shown {
  readonly head: string
  readonly rest: string
  /** More, as an explanation; empty for nothing. */
  readonly about: string
  readonly tone: 'yes' | 'plain' | 'bad'
}

const WORDS: Readonly<Record<Verdict['code'], string>> = {
  deployed: '',
  'not-better': '',
  'other-test-set': 'other test set',
  declined: 'declined by hand',
  'non-finite': 'broken weights',
  'out-of-range': 'metric out of range',
  requirement: '',
  late: 'late',
  pinned: 'pinned',
  'failed-to-load': 'failed to load',
  replaced: '',
  'rolled-back': '',
}
const BAD: ReadonlySet<Verdict['code']> = new Set(['non-finite', 'out-of-range', 'failed-to-load'])

const ABOUT: Partial<Record<Verdict['code'], string>> = {
  'non-finite': 'Some weights are not finite numbers. A smaller LEARNING_RATE often helps.',
  late: 'Its attempt had been given up before it delivered. It can be deployed by hand.',
  pinned: 'The deployed model is pinned, so nothing takes its place by itself.',
  declined: 'These very weights were rolled back before. They can be deployed by hand.',
}

const DAMAGED =
  'The file of these weights was changed or lost on the store’s disk, so it is not served. Training the trial again with the same seed, or bringing the file back, heals it.'

/** Whether the model serves its task now. */
export const isCurrent = (model: Pick<Model, 'sha1'>, task: TaskStatus | undefined): boolean =>
  task?.current?.sha1 === model.sha1

export function showVerdict(model: Model, task: TaskStatus | undefined, nowMs: number): Shown {
  const { code, reason, at } = model.verdict
  if (model.damagedAt !== undefined)
    return {
      head: isCurrent(model, task) ? 'Deployed:' : 'Not deployed:',
      rest: 'weights are damaged',
      about: DAMAGED,
      tone: 'bad',
    }
  if (isCurrent(model, task))
    return { head: task?.pinned === true ? 'Deployed, pinned' : 'Deployed', rest: '', about: '', tone: 'yes' }
  const when = showWhen(at, nowMs)
  const since = `${when.includes(' ') ? '' : 'at '}${when}`
  if (code === 'rolled-back') return { head: 'Rolled back', rest: since, about: reason, tone: 'plain' }
  // `deployed` but not current: the word about its successor is still on its way.
  if (code === 'replaced' || code === 'deployed') return { head: 'Replaced', rest: since, about: reason, tone: 'plain' }
  // A number never leaves its sign at a line's end.
  const rest = WORDS[code] === '' ? reason.replaceAll(' %', '\u00a0%') : WORDS[code]
  const about = WORDS[code] === '' ? '' : (ABOUT[code] ?? reason)
  return { head: 'Not deployed:', rest, about, tone: BAD.has(code) ? 'bad' : 'plain' }
}

/** Why a model cannot be deployed even by hand; null when it can. */
export function whyNotDeployable(model: Model): string | null {
  if (model.damagedAt !== undefined) return 'Damaged weights cannot be deployed'
  if (!model.finite || model.verdict.code === 'non-finite') return 'Broken weights cannot be deployed'
  if (model.verdict.code === 'failed-to-load') return 'It failed to load and cannot be deployed'
  return null
}
