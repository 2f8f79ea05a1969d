import { classScoresOf as scoresOfConfusion } from '@pawprint/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyPredictions, naming, predict } from '../testing/predictions.ts'
import { accuracyOf, topKOf } from './accuracy.ts'
import { metrics } from './index.ts'
import { valueOnce } from './predictions.ts'

test('rows are the true class, columns the named one; the first of equals wins', () => {
  const rows = [
    [0.1, 0.9, 0],
    [0.5, 0.5, 0],
    [0.2, 0.2, 0.6],
    [0.2, 0.2, 0.6],
  ]
  expect(metrics.confusionOf(predict([1, 1, 2, 0], rows))).toEqual([
    [0, 0, 1],
    [1, 1, 0],
    [0, 0, 1],
  ])
})

test('the confusion of scikit-learn’s example', () => {
  expect(metrics.confusionOf(naming([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3))).toEqual([
    [2, 0, 0],
    [0, 0, 1],
    [1, 0, 2],
  ])
})

test('scores and means of scikit-learn’s classification_report example', () => {
  const report = naming([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], 3)
  const rounded = metrics
    .classScoresOf(report)
    .map(({ precision, recall, f1, support }) => [precision.toFixed(2), recall.toFixed(2), f1.toFixed(2), support])
  expect(rounded).toEqual([
    ['0.50', '1.00', '0.67', 1],
    ['0.00', '0.00', '0.00', 1],
    ['1.00', '0.67', '0.80', 3],
  ])
  const means = (kind: 'macro' | 'weighted') =>
    (['Precision', 'Recall', 'F1'] as const).map((score) => metrics.measure(report, `${kind}${score}`).toFixed(2))
  expect(means('macro')).toEqual(['0.50', '0.56', '0.49'])
  expect(means('weighted')).toEqual(['0.70', '0.60', '0.61'])
})

test('a class that no image is of and none is named as has zeros, and does not count for macro means', () => {
  const three = naming([0, 1, 1], [0, 1, 0], 3)
  expect(metrics.classScoresOf(three)[2]).toEqual({ precision: 0, recall: 0, f1: 0, support: 0 })
  const two = naming([0, 1, 1], [0, 1, 0], 2)
  expect(metrics.measure(three, 'macroF1')).toBe(metrics.measure(two, 'macroF1'))
})

test('scores of labels are those of their confusion; weighted recall is the accuracy', () => {
  fc.assert(
    fc.property(anyPredictions, (predictions) => {
      expect(metrics.classScoresOf(predictions)).toEqual(scoresOfConfusion(metrics.confusionOf(predictions)))
      expect(metrics.measure(predictions, 'weightedRecall')).toBeCloseTo(metrics.measure(predictions, 'accuracy'), 12)
    }),
  )
})

test('top-2 of scikit-learn’s example', () => {
  const rows = [
    [0.5, 0.2, 0.2],
    [0.3, 0.4, 0.2],
    [0.2, 0.4, 0.3],
    [0.7, 0.2, 0.1],
  ]
  const example = predict([0, 1, 2, 2], rows)
  expect(valueOnce(topKOf(example, 2), 4)).toBe(0.75)
})

test('top-1 is the accuracy, a larger k is never worse, and all classes hold the right one', () => {
  fc.assert(
    fc.property(anyPredictions, (predictions) => {
      const { length } = predictions.labels
      const values = [1, 2, 3, 4].map((k) => valueOnce(topKOf(predictions, k), length))
      expect(values[0]).toBe(valueOnce(accuracyOf(predictions), length))
      expect(values.toSorted((a, b) => a - b)).toEqual(values)
      expect(values[predictions.classCount - 1]).toBe(1)
    }),
  )
})
