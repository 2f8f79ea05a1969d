import { expect, test } from 'vitest'
import { predict } from '../testing/predictions.ts'
import { metrics } from './index.ts'

/** Binary predictions that name class 0 with this confidence; right or not. */
const sure = (answers: readonly (readonly [confidence: number, isRight: boolean])[]) =>
  predict(
    answers.map(([, isRight]) => (isRight ? 0 : 1)),
    answers.map(([confidence]) => [confidence, 1 - confidence]),
  )

test('the calibration error is the gap of each bin, weighed by its images', () => {
  // Bin 9 (0.600 to 0.667] is right in 1 of 2, bin 13 (0.867 to 0.933] in 2 of 2.
  const answers = sure([
    [0.625, true],
    [0.65625, false],
    [0.875, true],
    [0.90625, true],
  ])
  const bins = metrics.calibrationOf(answers)
  expect(bins).toHaveLength(15)
  expect(bins[9]).toEqual({ count: 2, confidence: 0.640625, accuracy: 0.5 })
  expect(bins[13]).toEqual({ count: 2, confidence: 0.890625, accuracy: 1 })
  expect(bins.filter(({ count }) => count === 0)).toHaveLength(13)
  expect(metrics.measure(answers, 'ece')).toBeCloseTo((2 * 0.140625 + 2 * 0.109375) / 4, 12)
})

test('certainty belongs to the last bin, a probability of 0 to the first', () => {
  const bins = metrics.calibrationOf(sure([[1, true]]))
  expect(bins[14]).toEqual({ count: 1, confidence: 1, accuracy: 1 })
  const none = metrics.calibrationOf(predict([0], [[0, 0, 0]]))
  expect(none[0]).toEqual({ count: 1, confidence: 0, accuracy: 1 })
})

test('a model that is as often right as it is sure has no calibration error, one that is surely wrong has 1', () => {
  const honest = sure([0, 1, 2, 3].map((i) => [0.75, i < 3]))
  expect(metrics.measure(honest, 'ece')).toBe(0)
  expect(metrics.measure(sure([[1, false]]), 'ece')).toBe(1)
})
