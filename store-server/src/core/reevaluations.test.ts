import { type Intervals, type Model, parse, Sha1 } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { reportOf } from '../testing/fakeAgent.ts'
import { measuredAgain, metricsOn, withReevaluation } from './reevaluations.ts'

const at = '2026-01-02T00:00:00.000Z'
const setOf = (n: number) => ({ fingerprint: n.toString(16).padStart(64, '0'), count: 10 })
const { topology: _, evaluation: __, ...report } = reportOf(parse(Sha1, '1'.repeat(40)), 0.5, setOf(0).fingerprint)
const MODEL: Model = {
  ...report,
  ...{ sha256: '1'.repeat(64), sizeBytes: 1, task: 'pets', origins: [], params: {}, seed: 1, finite: true },
  verdict: { deployed: true, code: 'deployed', reason: 'first', at },
  createdAt: at,
}
const on = (n: number, testAccuracy: number) => ({ testSet: setOf(n), metrics: { testAccuracy }, at })
const accuracyOn = (model: Model, n: number) => metricsOn(model, setOf(n).fingerprint)?.testAccuracy ?? null

test('figures are those of the set that is asked for; what is known stays as it was first measured', () => {
  const model = withReevaluation(withReevaluation(MODEL, on(1, 0.6)), on(1, 0.9))
  expect([0, 1, 2].map((n) => accuracyOn(model, n))).toEqual([0.5, 0.6, null])
  expect(withReevaluation(MODEL, on(0, 0.9))).toBe(MODEL)
})

test('of more than 16 other sets the oldest is forgotten', () => {
  const model = Array.from({ length: 17 }, (_, i) => on(i + 1, i / 100)).reduce(withReevaluation, MODEL)
  expect(model.reevaluations).toHaveLength(16)
  expect([0, 1, 2, 17].map((n) => accuracyOn(model, n))).toEqual([0.5, null, 0.01, 0.16])
})

test('a model that is trained and measured again on another set keeps what it was on the first', () => {
  const again = measuredAgain(withReevaluation(MODEL, on(1, 0.6)), on(1, 0.7))
  expect(again.testSet).toEqual(setOf(1))
  expect([0, 1].map((n) => accuracyOn(again, n))).toEqual([0.5, 0.7])
  expect(again.reevaluations).toHaveLength(1)
  const intervals: Intervals = { testAccuracy: [0.4, 0.6] }
  expect(measuredAgain(MODEL, on(1, 0.7), intervals).reevaluations).toEqual([
    { testSet: setOf(0), metrics: { testAccuracy: 0.5 }, intervals, at },
  ])
  expect(measuredAgain(MODEL, on(0, 0.8))).toEqual({ ...MODEL, metrics: { testAccuracy: 0.8 } })
})
