import fc from 'fast-check'
import { expect, test } from 'vitest'
import { about, anyPredictions, predict } from '../testing/predictions.ts'
import { metrics } from './index.ts'
import type { Predictions } from './predictions.ts'
import { thinCurve } from './roc.ts'

/** One column of scores for class 1, its negative for class 0. */
const scored = (labels: readonly number[], scores: readonly number[]): Predictions =>
  predict(
    labels,
    scores.map((score) => [-score, score]),
  )
const scoresFor = ({ probabilities, classCount }: Predictions, ofClass: number): number[] =>
  [...probabilities].filter((_, i) => i % classCount === ofClass)

/** By all pairs: how often the image of the class scores higher, ties counting half. */
function aucByPairs(predictions: Predictions, ofClass: number): number {
  const scores = scoresFor(predictions, ofClass)
  const labels = Array.from(predictions.labels)
  const pairs = labels.flatMap((a, i) =>
    labels.flatMap((b, j) => (a === ofClass && b !== ofClass ? [Math.sign((scores[i] ?? 0) - (scores[j] ?? 0))] : [])),
  )
  return pairs.reduce((sum, sign) => sum + (sign + 1) / 2, 0) / pairs.length
}

/** By its definition: precision and recall anew at each threshold. */
function averagePrecisionByThresholds(predictions: Predictions, ofClass: number): number {
  const scores = scoresFor(predictions, ofClass)
  const isPositive = Array.from(predictions.labels, (label) => label === ofClass)
  const positives = isPositive.filter(Boolean).length
  let [sum, recallBefore] = [0, 0]
  for (const threshold of [...new Set(scores)].sort((a, b) => b - a)) {
    const above = scores.flatMap((score, i) => (score >= threshold ? [isPositive[i]] : []))
    const right = above.filter(Boolean).length
    sum += (right / positives - recallBefore) * (right / above.length)
    recallBefore = right / positives
  }
  return positives === 0 ? Number.NaN : sum
}

const EXAMPLE = scored([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])

test('AUC, ROC curve and average precision of scikit-learn’s examples', () => {
  expect(metrics.aucOf(EXAMPLE, 1)).toBe(0.75)
  expect(metrics.averagePrecisionOf(EXAMPLE, 1)).toBeCloseTo(5 / 6, 12)
  expect(metrics.rocCurveOf(EXAMPLE, 1)).toEqual({
    falsePositiveRates: [0, 0, 0.5, 0.5, 1],
    truePositiveRates: [0, 0.5, 0.5, 1, 1],
  })
  const rows = [
    [0.7, 0.2, 0.1],
    [0.4, 0.3, 0.3],
    [0.1, 0.8, 0.1],
    [0.2, 0.3, 0.5],
    [0.4, 0.4, 0.2],
    [0.1, 0.2, 0.7],
  ]
  // Its documentation shows the first digits, 0.77….
  expect(metrics.measure(predict([0, 0, 1, 1, 2, 2], rows), 'map')).toBeCloseTo(7 / 9, 7)
})

test('AUC is the Mann–Whitney probability over all pairs, average precision what each threshold gives', () => {
  fc.assert(
    fc.property(anyPredictions, (predictions) => {
      const classes = Array.from({ length: predictions.classCount }, (_, c) => c)
      const aucs = classes.map((c) => aucByPairs(predictions, c))
      const precisions = classes.map((c) => averagePrecisionByThresholds(predictions, c))
      for (const c of classes) {
        expect(metrics.aucOf(predictions, c)).toEqual(about(aucs[c] ?? -1))
        expect(metrics.averagePrecisionOf(predictions, c)).toEqual(about(precisions[c] ?? -1))
      }
      const mean = (values: number[]): number => {
        const defined = values.filter((value) => !Number.isNaN(value))
        return defined.reduce((sum, value) => sum + value, 0) / defined.length
      }
      expect(metrics.measure(predictions, 'auc')).toEqual(about(mean(aucs)))
      expect(metrics.measure(predictions, 'map')).toEqual(about(mean(precisions)))
    }),
  )
})

test('reversed scores have 1 − AUC; a rising function of the scores changes neither AUC nor average precision', () => {
  const binary = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: -9, max: 9 })), { minLength: 2 })
  fc.assert(
    fc.property(binary, (images) => {
      const labels = images.map(([label]) => label)
      fc.pre(new Set(labels).size === 2)
      const scores = images.map(([, score]) => score)
      const by = (change: (score: number) => number): Predictions => scored(labels, scores.map(change))
      const [plain, reversed, risen] = [by((score) => score), by((score) => -score), by((score) => score ** 3 + 7)]
      expect(metrics.aucOf(reversed, 1)).toBeCloseTo(1 - metrics.aucOf(plain, 1), 12)
      expect(metrics.aucOf(risen, 1)).toBe(metrics.aucOf(plain, 1))
      expect(metrics.averagePrecisionOf(risen, 1)).toBe(metrics.averagePrecisionOf(plain, 1))
    }),
  )
})

test.each([
  ['perfect', [1, 1, 0, 0], 1],
  ['always wrong', [0, 0, 1, 1], 0],
  ['all alike', [1, 0, 0, 1], 0.5],
])('AUC of scores that are %s', (name, labels, auc) => {
  const scores = name === 'all alike' ? [0.5, 0.5, 0.5, 0.5] : [0.9, 0.8, 0.3, 0.1]
  expect(metrics.aucOf(scored(labels, scores), 1)).toBe(auc)
})

test('a class without images, or with all, has no AUC and no curve', () => {
  const onlyOnes = scored([1, 1], [0.2, 0.9])
  expect(metrics.aucOf(onlyOnes, 1)).toBeNaN()
  expect(metrics.rocCurveOf(onlyOnes, 0)).toBeNull()
  expect(metrics.averagePrecisionOf(onlyOnes, 0)).toBeNaN()
  expect(metrics.averagePrecisionOf(onlyOnes, 1)).toBe(1)
  expect(metrics.measure(onlyOnes, 'auc')).toBeNaN()
})

test('a thinned curve keeps its ends, has points of the curve only, and none it left out is a step away', () => {
  const curves = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })), { minLength: 1, maxLength: 300 })
    .map((steps) => {
      const corners = [[0, 0]]
      for (const [dx, dy] of steps) corners.push([(corners.at(-1)?.[0] ?? 0) + dx + 1, (corners.at(-1)?.[1] ?? 0) + dy])
      const [width = 1, height = 1] = corners.at(-1) ?? []
      return corners.map(([x = 0, y = 0]) => [x / width, height === 0 ? 0 : y / height] as const)
    })
  fc.assert(
    fc.property(curves, fc.integer({ min: 2, max: 64 }), (curve, points) => {
      const thin = thinCurve(
        { falsePositiveRates: curve.map(([x]) => x), truePositiveRates: curve.map(([, y]) => y) },
        points,
      )
      const kept = thin.falsePositiveRates.map((x, i) => [x, thin.truePositiveRates[i] ?? -1] as const)
      expect(kept.length).toBeLessThanOrEqual(points)
      expect([kept[0], kept.at(-1)]).toEqual([curve[0], curve.at(-1)])
      expect(curve).toEqual(expect.arrayContaining(kept))
      const step = 2 / (points - 1)
      for (const [x, y] of curve)
        expect(Math.min(...kept.map(([a, b]) => Math.abs(x - a) + Math.abs(y - b)))).toBeLessThan(step + 1e-9)
    }),
  )
})
