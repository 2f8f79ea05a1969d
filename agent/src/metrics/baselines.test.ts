import { expect, test } from 'vitest'
import { brightImages } from '../testing/agents.ts'
import { metrics } from './index.ts'

const testSet = brightImages(40)

test('the majority class is named whatever the picture; its probabilities are the frequencies', () => {
  const train = { ...brightImages(4), labels: Uint8Array.of(1, 0, 1, 1) }
  const { name, predictions } = metrics.majorityBaseline(train, testSet)
  expect(name).toBe('majority class')
  expect([...predictions.probabilities.slice(0, 4)]).toEqual([0.25, 0.75, 0.25, 0.75])
  expect(metrics.measure(predictions, 'accuracy')).toBe(0.5)
  expect(metrics.measure(predictions, 'auc')).toBe(0.5)
})

test('the linear model learns what brightness tells, the same from the same seed', async () => {
  const { predictions } = await metrics.linearBaseline(brightImages(200), testSet, { seed: 3 })
  expect(metrics.measure(predictions, 'accuracy')).toBe(1)
  const again = await metrics.linearBaseline(brightImages(200), testSet, { seed: 3 })
  expect(again.predictions.probabilities).toEqual(predictions.probabilities)
})

test('a table has each model, both baselines, and intervals', async () => {
  const probabilities = Float32Array.from(testSet.labels, (label, i) => (i < 8 ? 1 - label : label))
  const both = Float32Array.from({ length: 80 }, (_, i) => {
    const one = probabilities[i >> 1] ?? 0
    return i % 2 === 0 ? 1 - one : one
  })
  const baselines = await metrics.baselinesOf(brightImages(200), testSet)
  const table = await metrics.table(
    testSet,
    { 'my network': { loss: 1, accuracy: 0.8, probabilities: both } },
    baselines,
  )
  expect(
    table
      .replace(/\d\d\.\d % to/, 'LOW to')
      .replace(/to \d\d\.\d %/, 'to HIGH')
      .replace(/\d\.\d{3}\n40/, 'SMALL\n40'),
  ).toBe(
    [
      '                  accuracy       95 % interval  macro F1    AUC    ECE',
      'my network          80.0 %    LOW to HIGH     0.800  0.800  0.200',
      'majority class      50.0 %    35.0 % to 65.0 %     0.333  0.500  0.000',
      'linear on pixels   100.0 %  100.0 % to 100.0 %     1.000  1.000  SMALL',
      '40 test images',
    ].join('\n'),
  )
})
