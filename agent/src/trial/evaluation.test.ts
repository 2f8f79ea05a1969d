import { Metrics, ModelEvaluation, parse } from '@pawprint/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../datasets/random.ts'
import { metrics } from '../metrics/index.ts'
import type { Predictions } from '../metrics/predictions.ts'
import { anyPredictions, predict } from '../testing/predictions.ts'
import { evaluationOf, fitted } from './evaluation.ts'

/** Drawn predictions that are right more often than not; each image's probabilities sum to 1. */
function drawn(count: number, classCount: number): Predictions {
  const random = seededRandom(count, classCount)
  const labels = Uint16Array.from({ length: count }, () => random.below(classCount))
  const probabilities = new Float32Array(count * classCount)
  labels.forEach((label, i) => {
    const row = Float64Array.from({ length: classCount }, (_, c) => random.between(0, 1) + (c === label ? 0.6 : 0))
    const sum = row.reduce((a, b) => a + b)
    probabilities.set(
      row.map((value) => value / sum),
      i * classCount,
    )
  })
  return { labels, probabilities, classCount }
}

test('metrics and parts are those of the single functions, with six digits', async () => {
  const predictions = drawn(200, 7)
  const judged = await evaluationOf(predictions)
  for (const [name, metric] of [
    ['testMacroF1', 'macroF1'],
    ['testTop5', 'top5'],
    ['testAuc', 'auc'],
    ['testMap', 'map'],
    ['testEce', 'ece'],
  ] as const)
    expect(judged.metrics[name]).toBeCloseTo(metrics.measure(predictions, metric), 12)
  expect(Object.keys(judged.metrics)).toHaveLength(5)
  const { confusion, classes = [], calibration = [], intervals = {}, roc = [] } = judged.evaluation
  expect(confusion).toEqual(metrics.confusionOf(predictions))
  classes.forEach(({ auc, averagePrecision, recall }, c) => {
    expect(auc).toBeCloseTo(metrics.aucOf(predictions, c), 5)
    expect(averagePrecision).toBeCloseTo(metrics.averagePrecisionOf(predictions, c), 5)
    expect(recall).toBeCloseTo(metrics.classScoresOf(predictions)[c]?.recall ?? -1, 5)
  })
  expect(calibration.map(({ count }) => count)).toEqual(metrics.calibrationOf(predictions).map(({ count }) => count))
  const { low, high } = await metrics.intervalOf(predictions, 'auc')
  expect(intervals.testAuc).toEqual([expect.closeTo(low, 5), expect.closeTo(high, 5)])
  expect(Object.keys(intervals).sort()).toEqual([
    'testAccuracy',
    'testAuc',
    'testEce',
    'testMacroF1',
    'testMap',
    'testTop5',
  ])
  expect(roc.every((curve) => (curve?.falsePositiveRates.length ?? 0) <= 64)).toBe(true)
  expect(parse(ModelEvaluation, judged.evaluation)).toEqual(judged.evaluation)
})

test('a class without images has neither AUC nor curve, and others go on; of five classes top-5 says nothing', async () => {
  const judged = await evaluationOf(
    predict(
      [0, 1, 1],
      [
        [0.7, 0.2, 0.1],
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],
      ],
    ),
  )
  expect(judged.evaluation.classes?.[2]).toEqual({
    ...{ precision: 0, recall: 0, f1: 0, support: 0 },
    ...{ auc: null, averagePrecision: null },
  })
  expect(judged.evaluation.roc?.[2]).toBeNull()
  expect(judged.metrics.testAuc).toBe(1)
  expect(judged.metrics).not.toHaveProperty('testTop5')
})

test('scores that are no probabilities have no calibration', async () => {
  const { evaluation, metrics: values } = await evaluationOf(
    predict(
      [0, 1],
      [
        [3, -1],
        [0, 2],
      ],
    ),
  )
  expect(evaluation).not.toHaveProperty('calibration')
  expect(values).toEqual({ testMacroF1: 1, testAuc: 1, testMap: 1 })
})

test('whatever is predicted, the wire takes what is said of it', async () => {
  const property = fc.asyncProperty(anyPredictions, async (predictions) => {
    const judged = await evaluationOf(predictions)
    expect(parse(ModelEvaluation, JSON.parse(JSON.stringify(judged.evaluation)))).toEqual(judged.evaluation)
    expect(parse(Metrics, judged.metrics)).toEqual(judged.metrics)
  })
  await fc.assert(property, { numRuns: 25 })
})

test('what does not fit is left out, curves first, until it does', async () => {
  const { evaluation } = await evaluationOf(drawn(300, 40))
  const sizeOf = (value: unknown): number => JSON.stringify(value).length
  const { roc: _, ...withoutRoc } = evaluation
  const { confusion: __, ...withoutConfusion } = withoutRoc
  expect(fitted(evaluation, sizeOf(evaluation))).toEqual(evaluation)
  expect(fitted(evaluation, sizeOf(evaluation) - 1)).toEqual(withoutRoc)
  expect(fitted(evaluation, sizeOf(withoutRoc) - 1)).toEqual(withoutConfusion)
  expect(fitted(evaluation, 400)).toEqual({ intervals: evaluation.intervals })
})
