import { expect, test } from 'vitest'
import { createStepReporter } from './stepReporter.ts'

const NOW = '2026-01-02T03:04:05.678Z'
const reporter = (epochsBefore = 0) =>
  createStepReporter({ title: 'trial 2', epochsBefore, metricEveryMs: 100, timeOf: () => NOW })
const step = (step: number, loss = 2.004) => ({ epoch: 1, step, steps: 5000, loss, accuracy: 0.279 })
const EPOCH = { epoch: 1, epochs: 3, step: 1000, loss: 1.5, accuracy: 0.4, seconds: 4, samplesPerSecond: 2500 }

test('a step gives two points and a line, as screens show them', () => {
  const { records, progress } = reporter().onStep(step(1000), 0)
  expect(progress).toBe(0.2)
  expect(records).toEqual([
    { kind: 'metric', time: NOW, epoch: 1, step: 1000, name: 'loss', value: 2.004 },
    { kind: 'metric', time: NOW, epoch: 1, step: 1000, name: 'accuracy', value: 0.279 },
    { kind: 'log', time: NOW, level: 'info', text: 'trial 2: batch 1000 of 5000, loss 2.004, accuracy 27.9 %' },
  ])
})

test.each([
  ['soon and little further', 49, 1010, []],
  ['soon and 2 % further', 49, 1100, ['log']],
  ['at the pace of the engine, a little early', 90, 1010, ['metric', 'metric']],
  ['after a second', 1000, 1010, ['metric', 'metric', 'log']],
])('%s, the next report gives what is due', (_, ms, at, kinds) => {
  const own = reporter()
  own.onStep(step(1000), 0)
  expect(own.onStep(step(at), ms).records.map(({ kind }) => kind)).toEqual(kinds)
})

test('a loss that is no number is said in the log and left out of the curve', () => {
  const { records } = reporter().onStep(step(1, Number.NaN), 0)
  expect(records.map((record) => (record.kind === 'metric' ? record.name : record.text))).toEqual([
    'accuracy',
    'trial 2: batch 1 of 5000, loss NaN, accuracy 27.9 %',
  ])
})

test('an epoch gives its validation points, counted on over several calls of fit', () => {
  const { records } = reporter(2).onEpoch({ ...EPOCH, validationLoss: 1.4, validationAccuracy: 0.45 }, 0)
  expect(
    records.map((record) => (record.kind === 'metric' ? [record.name, record.epoch, record.value] : record.text)),
  ).toEqual([
    ['validationLoss', 3, 1.4],
    ['validationAccuracy', 3, 0.45],
    'trial 2: epoch 1 of 3: loss 1.500, accuracy 40.0 %, validation accuracy 45.0 % (4 s, 2500 images/s)',
  ])
})

test('a point is the mean over all steps since the one before, those of reports without a point too', () => {
  const own = reporter()
  own.onStep(step(1000), 0)
  expect(own.onStep(step(1010, 4), 20).records).toEqual([])
  // (10 steps × 4 + 30 steps × 2) / 40
  expect(own.onStep(step(1040, 2), 120).records[0]).toMatchObject({ name: 'loss', step: 1040, value: 2.5 })
})

test('hours of training give at most 2,000 points of a curve, evenly spaced, the last at the last step', () => {
  const own = createStepReporter({ title: 'trial 1', epochsBefore: 0, metricEveryMs: 100, timeOf: () => NOW })
  const all = 360_000
  const at: number[] = []
  // Ten hours: a report of one step each 100 ms.
  for (let done = 1; done <= all; done++) {
    const { records } = own.onStep({ epoch: 1, step: done, steps: all, loss: 1, accuracy: 0.5 }, done * 100)
    for (const record of records) if (record.kind === 'metric' && record.name === 'loss') at.push(record.step)
  }
  expect(at.length).toBeGreaterThan(1900)
  expect(at.length).toBeLessThanOrEqual(2002)
  expect(at.at(-1)).toBe(all)
  expect(Math.max(...at.map((place, i) => place - (at[i - 1] ?? 0)))).toBe(all / 2000)
})
