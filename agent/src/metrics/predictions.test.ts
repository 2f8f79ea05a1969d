import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AgentError } from '../errors.ts'
import { about, anyPredictions, predict, repeated } from '../testing/predictions.ts'
import { metrics } from './index.ts'
import type { Predictions } from './predictions.ts'
import { type MetricName, STATISTICS } from './statistics.ts'

const good = predict(
  [0, 1],
  [
    [0.9, 0.1],
    [0.2, 0.8],
  ],
)

test.each<[string, Partial<Predictions>, string]>([
  ['no image', { labels: [], probabilities: new Float32Array() }, 'labels'],
  ['a label below 0', { labels: [-1, 1] }, 'labels[0]'],
  ['a label beyond the classes', { labels: [0, 2] }, 'labels[1]'],
  ['half a label', { labels: [0.5, 1] }, 'labels[0]'],
  ['a missing probability', { probabilities: new Float32Array(3) }, 'probabilities'],
  ['a probability too many', { probabilities: new Float32Array(5) }, 'probabilities'],
  ['NaN', { probabilities: Float32Array.of(0.9, 0.1, Number.NaN, 0.8) }, 'probabilities[2]'],
  ['infinity', { probabilities: Float32Array.of(0.9, 0.1, 0.2, Number.POSITIVE_INFINITY) }, 'probabilities[3]'],
  ['one class', { labels: [0, 0], probabilities: new Float32Array(2), classCount: 1 }, 'classCount'],
  ['half a class', { classCount: 2.5 }, 'classCount'],
])('%s is refused, by its place', (_, change, at) => {
  const wrong = { ...good, ...change }
  const refusal = expect.objectContaining({ code: 'E_PREDICTIONS', at })
  expect(() => metrics.predictionsOf(wrong as never, wrong)).toThrow(refusal)
  expect(() => metrics.measure(wrong, 'auc')).toThrow(AgentError)
  expect(() => metrics.confusionOf(wrong)).toThrow(refusal)
})

test.each([-1, 2, 0.5, Number.NaN])('there is no class %d', (ofClass) => {
  const refusal = expect.objectContaining({ code: 'E_PREDICTIONS', at: 'class' })
  expect(() => metrics.aucOf(good, ofClass)).toThrow(refusal)
  expect(() => metrics.averagePrecisionOf(good, ofClass)).toThrow(refusal)
  expect(() => metrics.rocCurveOf(good, ofClass)).toThrow(refusal)
})

test.each(Object.keys(STATISTICS) as MetricName[])(
  '%s of images that count several times is that of the images several times, in any order',
  (name) => {
    const withCounts = anyPredictions.chain((predictions) => {
      const { length } = predictions.labels
      const counts = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: length, maxLength: length })
      return fc.tuple(fc.constant(predictions), counts)
    })
    fc.assert(
      fc.property(withCounts, ([predictions, counts]) => {
        fc.pre(counts.some((count) => count > 0))
        const several = repeated(predictions, counts)
        const value = STATISTICS[name](predictions)(Uint32Array.from(counts))
        expect(metrics.measure(several, name)).toEqual(about(value))
        const backwards = { ...several, labels: Array.from(several.labels).reverse() }
        const rows = Array.from({ length: several.labels.length }, (_, i) =>
          several.probabilities.slice(i * several.classCount, (i + 1) * several.classCount),
        ).reverse()
        const probabilities = Float32Array.from(rows.flatMap((row) => [...row]))
        expect(metrics.measure({ ...backwards, probabilities }, name)).toEqual(about(value))
      }),
    )
  },
)

test('gaps are differences; what was not measured has none', () => {
  expect(metrics.gapsOf({ train: 0.9, validation: 0.75, test: 0.5 })).toEqual({
    trainValidation: expect.closeTo(0.15, 12),
    validationTest: 0.25,
    trainTest: expect.closeTo(0.4, 12),
  })
  expect(metrics.gapsOf({ validation: 0.75 })).toEqual({ trainValidation: null, validationTest: null, trainTest: null })
})
