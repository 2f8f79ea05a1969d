import { type Deployment, type Model, parse, Sha1, type Verdict } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { reportOf, TEST_TASK } from '../testing/fakeAgent.ts'
import {
  type Candidate,
  incumbentOf,
  isDeclined,
  judge,
  type Standing,
  undeployable,
  verdictOfFormer,
} from './promotion.ts'

const at = '2026-01-02T00:00:00.000Z'
const shaOf = (digit: string) => parse(Sha1, digit.repeat(40))
const verdictOf = (code: Verdict['code']): Verdict => ({ deployed: code === 'deployed', code, reason: 'because', at })
const modelOf = (digit: string, value: number, over: Partial<Model> = {}): Model => {
  const { topology: _, evaluation: __, ...report } = reportOf(shaOf(digit), value)
  return {
    ...report,
    sha256: digit.repeat(64),
    sizeBytes: 1,
    task: 'pets',
    origins: [],
    params: {},
    seed: 1,
    finite: true,
    verdict: verdictOf('not-better'),
    createdAt: `2026-01-0${digit}T00:00:00.000Z`,
    ...over,
  }
}
const standing = (over: Partial<Standing> = {}): Standing => ({
  task: TEST_TASK,
  pinned: false,
  incumbent: modelOf('1', 0.436),
  isCurrent: false,
  declined: false,
  ...over,
})
const candidate = (value: number, over: Partial<Candidate> = {}): Candidate => ({
  ...modelOf('2', value),
  evaluation: reportOf(shaOf('2'), value).evaluation,
  late: false,
  broken: null,
  incomparable: null,
  ...over,
})
const lossTask = { ...TEST_TASK, metric: { name: 'loss', direction: 'min', min: 0, max: 1000 } as const }
const withLoss = (loss: number) => modelOf('1', 0, { metrics: { loss } })
const otherImages = { fingerprint: 'b'.repeat(64), count: 10 }
const onOtherImages = (metrics: Model['metrics']) =>
  modelOf('1', 0.436, { reevaluations: [{ testSet: otherImages, metrics, at }] })

test.each<[string, Candidate, Standing, string, string]>([
  ['better', candidate(0.44), standing(), 'deployed', '44.0 % > 43.6 %'],
  ['worse', candidate(0.412), standing(), 'not-better', '41.2 % ≤ 43.6 %'],
  ['equal', candidate(0.436), standing(), 'not-better', '43.6 % ≤ 43.6 %'],
  ['better by a hair, with enough digits to see it', candidate(0.43601), standing(), 'deployed', '43.601 % > 43.600 %'],
  ['first', candidate(0.01), standing({ incumbent: null }), 'deployed', 'the first valid model of this task'],
  [
    'first but all wrong',
    candidate(0),
    standing({ incumbent: null }),
    'deployed',
    'the first valid model of this task',
  ],
  [
    'these very weights',
    candidate(0.436),
    standing({ isCurrent: true }),
    'deployed',
    'these weights are deployed already',
  ],
  [
    'non-finite, although better',
    candidate(0.99, { finite: false }),
    standing(),
    'non-finite',
    'a weight is not a finite number',
  ],
  [
    'non-finite and first',
    candidate(0.99, { finite: false }),
    standing({ incumbent: null }),
    'non-finite',
    'a weight is not a finite number',
  ],
  ['above the range', candidate(1.0000001), standing(), 'out-of-range', 'testAccuracy 1.0000001 is outside 0 to 1'],
  [
    'below the range',
    candidate(-1),
    standing({ incumbent: null }),
    'out-of-range',
    'testAccuracy -1 is outside 0 to 1',
  ],
  ['NaN', candidate(Number.NaN), standing(), 'out-of-range', 'testAccuracy NaN is outside 0 to 1'],
  ['unmeasured', candidate(0, { metrics: {} }), standing(), 'out-of-range', 'no testAccuracy was reported'],
  [
    'late, although better',
    candidate(0.9, { late: true }),
    standing(),
    'late',
    'came after its trial had ended or passed to another attempt',
  ],
  ['once failed to load', candidate(0.9, { broken: 'no such op' }), standing(), 'failed-to-load', 'no such op'],
  [
    'tested on other images',
    candidate(0.9, { testSet: otherImages }),
    standing(),
    'other-test-set',
    'tested on other images than the deployed model: the two cannot be compared',
  ],
  [
    'better on the new test set, where the deployed model was measured anew',
    candidate(0.43, { testSet: otherImages }),
    standing({ incumbent: onOtherImages({ testAccuracy: 0.42 }) }),
    'deployed',
    'on the new test set of 10 images: 43.0 % against 42.0 % of the deployed one',
  ],
  [
    'worse there, although above what the deployed model has on its own',
    candidate(0.5, { testSet: otherImages }),
    standing({ incumbent: onOtherImages({ testAccuracy: 0.6 }) }),
    'not-better',
    'on the new test set of 10 images: 50.0 % against 60.0 % of the deployed one',
  ],
  [
    'a task whose metric predictions do not tell',
    candidate(0.5, { testSet: otherImages, metrics: { loss: 1 } }),
    standing({ task: lossTask, incumbent: onOtherImages({ testAccuracy: 0.6 }) }),
    'other-test-set',
    'tested on other images than the deployed model, whose loss on them is not known: the two cannot be compared',
  ],
  [
    'a deployed model that could not be tried on the new images',
    candidate(0.5, { testSet: otherImages, incomparable: 'it tells other classes apart' }),
    standing(),
    'other-test-set',
    'tested on other images than the deployed model, which could not be tried on them: it tells other classes apart',
  ],
  [
    'a deployed model whose weights are lost',
    candidate(0.5, { testSet: otherImages }),
    standing({ incumbent: modelOf('1', 0.4, { damagedAt: at }) }),
    'other-test-set',
    'tested on other images than the deployed model, whose weights are damaged or lost: the two cannot be compared',
  ],
  ['pinned', candidate(0.5), standing({ pinned: true }), 'pinned', '50.0 % > 43.6 %, but the deployed model is pinned'],
  ['pinned and not better anyway', candidate(0.4), standing({ pinned: true }), 'not-better', '40.0 % ≤ 43.6 %'],
  [
    'declined',
    candidate(0.5),
    standing({ declined: true }),
    'declined',
    '50.0 % > 43.6 %, but a person declined these weights',
  ],
  [
    'a smaller loss',
    candidate(0, { metrics: { loss: 1.5 } }),
    standing({ task: lossTask, incumbent: withLoss(2) }),
    'deployed',
    '1.500 < 2.000',
  ],
  [
    'a larger loss',
    candidate(0, { metrics: { loss: 2.5 } }),
    standing({ task: lossTask, incumbent: withLoss(2) }),
    'not-better',
    '2.500 ≥ 2.000',
  ],
  [
    'neither better nor what the task asks for',
    candidate(0.4),
    standing({ task: { ...TEST_TASK, requirements: [{ metric: 'testAccuracy', min: 0.45 }] } }),
    'requirement',
    'testAccuracy is 0.40, the task asks for at least 0.45',
  ],
])('a candidate that is %s', (_, given, stands, code, reason) => {
  expect(judge(given, stands)).toEqual({ deployed: code === 'deployed', code, reason })
})

const history = (...moves: readonly [string, Deployment['by']][]): Deployment[] =>
  moves.map(([digit, by], i) => ({ task: 'pets', revision: i + 1, sha1: shaOf(digit), at, by, reason: '' }))

test.each<[string, Deployment[], string, boolean]>([
  ['never deployed', history(['1', 'auto']), '2', false],
  ['replaced by a better one', history(['1', 'auto'], ['2', 'auto']), '1', false],
  ['rolled back from', history(['1', 'auto'], ['2', 'auto'], ['1', 'person']), '2', true],
  [
    'rolled back from, with a better one since',
    history(['1', 'auto'], ['2', 'auto'], ['1', 'person'], ['3', 'auto']),
    '2',
    true,
  ],
  [
    'rolled back from, then chosen again',
    history(['1', 'auto'], ['2', 'auto'], ['1', 'person'], ['2', 'person']),
    '2',
    false,
  ],
  ['the one that a person chose', history(['1', 'auto'], ['2', 'auto'], ['1', 'person']), '1', false],
])('weights that were %s: declined or not', (_, past, digit, expected) => {
  expect(isDeclined(past, shaOf(digit))).toBe(expected)
})

test('a model that failed to load is not the one to beat; the last that works is', () => {
  const models = new Map([
    [shaOf('1') as string, modelOf('1', 0.4)],
    [shaOf('2') as string, modelOf('2', 0.9, { verdict: verdictOf('failed-to-load') })],
  ])
  const modelOfSha = (sha1: string) => models.get(sha1)
  expect(incumbentOf(history(['1', 'auto'], ['2', 'auto']), modelOfSha)?.sha1).toBe(shaOf('1'))
  expect(incumbentOf(history(['2', 'auto']), modelOfSha)).toBeNull()
  expect(incumbentOf([], modelOfSha)).toBeNull()
})

test.each([
  ['a person goes to an older one', '2', '1', 'person', 'rolled-back'],
  ['a person goes to a newer one', '1', '2', 'person', 'replaced'],
  ['a better one comes', '1', '2', 'auto', 'replaced'],
  ['an older one is better after all', '2', '1', 'auto', 'replaced'],
] as const)('what the former model says when %s', (_, former, next, by, code) => {
  const deployment: Deployment = { task: 'pets', revision: 2, sha1: shaOf(next), at, by, reason: '50 % > 40 %' }
  const recordOf = (digit: string) => ({ model: modelOf(digit, 0.4), number: Number(digit), served: true })
  expect(verdictOfFormer(recordOf(former), recordOf(next), deployment)).toMatchObject({
    deployed: false,
    code,
    at,
  })
})

test('what a person may not deploy says why', () => {
  expect(undeployable(modelOf('1', 0.4))).toBeNull()
  expect(undeployable(modelOf('1', 0.4, { finite: false }))).toBe('a weight is not a finite number')
  expect(undeployable(modelOf('1', 0.4, { verdict: verdictOf('failed-to-load') }))).toBe('because')
  expect(undeployable(modelOf('1', 5, { verdict: verdictOf('out-of-range') }))).toBeNull()
})
