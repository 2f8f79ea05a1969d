import {
  adam,
  type Checkpoint,
  EngineError,
  type Epoch,
  type FitOptions,
  type Optimizer,
  sgd,
  type Trainer,
} from '@pawprint/engine'
import type * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { BACKENDS } from './testing/devices.ts'
import { benchModel, frozenModel, learnableImages, oddModel, residualModel, someImages } from './testing/models.ts'
import { fitAll, sha1Of, small, trainerOf } from './testing/trainers.ts'

/** As it comes back from a file: nothing of it lives in the process that made it. */
const reread = (checkpoint: Checkpoint): Checkpoint => structuredClone(checkpoint)

/** Times differ from run to run; everything else must not. */
const timeless = (epochs: readonly Epoch[]) =>
  epochs.map(({ seconds: _seconds, samplesPerSecond: _speed, ...rest }) => rest)

async function withCheckpoints(trainer: Trainer, data: Parameters<Trainer['fit']>[0], options: FitOptions) {
  const checkpoints: Checkpoint[] = []
  const onCheckpoint = (checkpoint: Checkpoint): void => void checkpoints.push(reread(checkpoint))
  const epochs = await fitAll(trainer, data, { ...options, onCheckpoint, checkpointEveryMs: 0 })
  return { checkpoints, epochs }
}

const EVERYTHING: Partial<FitOptions> = {
  schedule: { type: 'plateau', patience: 1, warmUpEpochs: 0.5 },
  augment: [{ type: 'flip' }, { type: 'rotation' }, { type: 'tone' }],
  classWeights: [1, 2, 0.5],
}

const CASES: [string, () => tf.LayersModel, Optimizer, Partial<FitOptions>][] = [
  ['adam, dropout, an uneven last batch', oddModel, adam(0.003), {}],
  ['sgd with momentum', small, sgd(0.05, { momentum: 0.9 }), {}],
  ['moving averages, a schedule, augmentation, weights', residualModel, adam(0.003), EVERYTHING],
  ['frozen layers', frozenModel, adam(0.003), {}],
]

test.each(
  BACKENDS.flatMap((backend) => CASES.map(([name, ...rest]) => [`${name} (${backend})`, backend, ...rest] as const)),
)('a training that goes on from any of its checkpoints ends in the same bytes: %s', async (...args) => {
  const [, backend, make, optimizer, more] = args
  const data = someImages(make(), 53, 4)
  const options = { epochs: 2, batchSize: 8, validation: someImages(make(), 20, 5), ...more }
  const whole = await trainerOf(make(), { optimizer, backend })
  const { checkpoints, epochs } = await withCheckpoints(whole, data, options)
  const sha1 = await sha1Of(whole)
  // Each epoch's end, and at least one place within each epoch.
  expect(checkpoints.filter(({ partial }) => partial.samples === 0)).toHaveLength(2)
  expect(checkpoints.filter(({ partial }) => partial.samples % 53 > 0).length).toBeGreaterThanOrEqual(2)
  for (const from of checkpoints) {
    const resumed = await trainerOf(make(), { optimizer, backend })
    const again = await fitAll(resumed, data, { ...options, from })
    expect(await sha1Of(resumed)).toBe(sha1)
    expect(timeless(again)).toEqual(timeless(epochs))
    expect(again.slice(0, from.epochs.length)).toEqual(from.epochs)
    await resumed.close()
  }
})

test('a second fit goes on from its own checkpoint, on a trainer that never ran the first', async () => {
  const data = someImages(small(), 30, 4)
  const whole = await trainerOf(small())
  await fitAll(whole, data, { epochs: 2, batchSize: 7 })
  const { checkpoints } = await withCheckpoints(whole, data, { epochs: 2, batchSize: 10 })
  for (const from of checkpoints) {
    const resumed = await trainerOf(small())
    await fitAll(resumed, data, { epochs: 2, batchSize: 10, from })
    expect(await sha1Of(resumed)).toBe(await sha1Of(whole))
  }
})

test('stopping leaves a checkpoint of the very step, and the rest of the training follows from it', async () => {
  const model = () => benchModel(32, 16, 32)
  const data = someImages(model(), 200, 4)
  const options = { epochs: 2, batchSize: 10 }
  const whole = await trainerOf(model())
  await fitAll(whole, data, options)
  const stopped = await trainerOf(model())
  const controller = new AbortController()
  const checkpoints: Checkpoint[] = []
  const steps: number[] = []
  const fitting = fitAll(stopped, data, {
    ...options,
    signal: controller.signal,
    onCheckpoint: (checkpoint) => checkpoints.push(checkpoint),
    onStep({ step }) {
      steps.push(step)
      if (step > 20) controller.abort(new Error('enough'))
    },
  })
  await expect(fitting).rejects.toThrow('enough')
  const from = checkpoints.at(-1)
  if (from === undefined) throw new Error('no checkpoint')
  expect(from.step).toBeGreaterThan(20)
  expect(from.step).toBe(steps.at(-1))
  const resumed = await trainerOf(model())
  await fitAll(resumed, data, { ...options, from })
  expect(await sha1Of(resumed)).toBe(await sha1Of(whole))
})

test('patience ends training that no longer gets better, and gives the best epoch back', async () => {
  const data = learnableImages(small(), 40, 1)
  // Other labels than those of training, so that the validation loss soon rises.
  const unlike = learnableImages(small(), 40, 2)
  const validation = { ...unlike, labels: unlike.labels.map((label) => (label + 1) % 10) }
  const options = { batchSize: 8, validation, patience: 2 }
  const trainer = await trainerOf(small(), { optimizer: adam(0.02) })
  const { checkpoints, epochs } = await withCheckpoints(trainer, data, { ...options, epochs: 50 })
  const losses = epochs.map(({ validationLoss = Number.NaN }) => validationLoss)
  const best = losses.indexOf(Math.min(...losses))
  expect(epochs.length).toBe(best + 1 + 2)
  expect((await trainer.evaluate(validation)).loss).toBe(losses[best])
  for (const from of checkpoints) {
    const resumed = await trainerOf(small(), { optimizer: adam(0.02) })
    const again = await fitAll(resumed, data, { ...options, epochs: 50, from })
    expect(timeless(again)).toEqual(timeless(epochs))
    expect(await sha1Of(resumed)).toBe(await sha1Of(trainer))
    await resumed.close()
  }
})

test('the best epoch is given back also when the epochs run out first', async () => {
  const data = learnableImages(small(), 40, 1)
  const unlike = learnableImages(small(), 40, 2)
  const validation = { ...unlike, labels: unlike.labels.map((label) => (label + 1) % 10) }
  const [patient, plain] = [await trainerOf(small()), await trainerOf(small())]
  const epochs = await fitAll(patient, data, { epochs: 6, batchSize: 8, validation, patience: 6 })
  const losses = epochs.map(({ validationLoss = Number.NaN }) => validationLoss)
  expect((await patient.evaluate(validation)).loss).toBe(Math.min(...losses))
  await fitAll(plain, data, { epochs: 6, batchSize: 8, validation })
  expect((await plain.evaluate(validation)).loss).toBe(losses.at(-1))
})

test.each<[string, Partial<FitOptions>, RegExp]>([
  ['patience without validation', { patience: 1 }, /patience: expected a validation set/],
  ['negative patience', { patience: -1 }, /patience: expected an integer from 0/],
])('refuses %s', async (_, change, expected) => {
  const trainer = await trainerOf(small())
  const fitting = fitAll(trainer, someImages(small(), 20, 1), { epochs: 1, batchSize: 5, ...change })
  await expect(fitting).rejects.toThrow(expected)
})

test('refuses a checkpoint of another model, another optimiser, other data or fewer epochs', async () => {
  const data = someImages(small(), 30, 4)
  const options = { epochs: 2, batchSize: 7 }
  const { checkpoints } = await withCheckpoints(await trainerOf(small()), data, options)
  const first = checkpoints[0]
  const last = checkpoints.at(-1)
  if (first === undefined || last === undefined) throw new Error('no checkpoint')
  const attempt = async (change: Partial<Parameters<typeof fitAll>[2]>, trainer: Trainer, from = last) =>
    fitAll(trainer, data, { ...options, ...change, from })
  await expect(attempt({}, await trainerOf(small(), { optimizer: sgd(0.1) }))).rejects.toThrow(EngineError)
  await expect(attempt({}, await trainerOf(benchModel(8, 6, 16)))).rejects.toThrow(EngineError)
  await expect(attempt({ epochs: 1 }, await trainerOf(small()))).rejects.toThrow(/at most 1 epochs/)
  await expect(attempt({ batchSize: 4 }, await trainerOf(small()), first)).rejects.toThrow(EngineError)
})
