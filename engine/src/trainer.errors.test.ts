import { type CompileOptions, createPredictor, createTrainer, type FitOptions, type ImageSet } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { someImages } from './testing/models.ts'
import { fitAll, OPTIONS, small, trainerOf } from './testing/trainers.ts'

test.each<[string, Partial<CompileOptions>, RegExp]>([
  ['seed', { seed: -1 }, /seed: expected an integer from 0 to 4294967295, got -1/],
  ['seed', { seed: 0.5 }, /seed/],
  ['threads', { threads: 0 }, /threads: expected an integer from 1/],
  [
    'normalisation',
    { normalisation: { scale: 1, mean: [0], std: [1] } },
    /normalisation.mean: expected 3 finite numbers/,
  ],
  ['normalisation', { normalisation: { scale: 1, mean: [0, 0, 0], std: [1, 0, 1] } }, /normalisation.std/],
])('refuses a wrong %s', async (_, options, message) => {
  await expect(trainerOf(small(), options)).rejects.toMatchObject({
    code: 'E_INPUT',
    message: expect.stringMatching(message),
  })
})

test.each<[string, Partial<ImageSet>, Partial<FitOptions>, RegExp]>([
  ['images of another size', { height: 9 }, {}, /data: expected images of \[8,8,3\].* got \[9,8,3\]/],
  [
    'another number of classes',
    { classCount: 4 },
    {},
    /data.classCount: expected a model of 4 outputs for 4 classes, got 10 outputs/,
  ],
  [
    'a label out of range',
    { labels: Uint8Array.of(0, 1, 10) },
    {},
    /data.labels\[2\]: expected a class 0 ≤ x < 10, got 10/,
  ],
  ['too few labels', { labels: Uint8Array.of(0, 1) }, { batchSize: 1 }, /data.images: expected 384 bytes/],
  ['no images', { labels: new Uint8Array(), images: new Uint8Array() }, {}, /batchSize|at least one/],
  ['a batch larger than the data', {}, { batchSize: 4 }, /batchSize: expected an integer from 1 to 3, got 4/],
  ['no epochs', {}, { epochs: 0 }, /epochs/],
  [
    'a sample weight below 0',
    { sampleWeights: Float32Array.of(1, -1, 1) },
    {},
    /data.sampleWeights\[1\]: expected a finite/,
  ],
  ['too few sample weights', { sampleWeights: Float32Array.of(1) }, {}, /data.sampleWeights: expected 3 numbers/],
  ['too few class weights', {}, { classWeights: [1, 2] }, /classWeights: expected 10 numbers, one per class, got 2/],
  ['a class weight that is none', {}, { classWeights: [...new Array(9).fill(1), Number.NaN] }, /classWeights\[9\]/],
  [
    'a long warm-up',
    {},
    { schedule: { type: 'cosine', warmUpEpochs: 2 } },
    /schedule.warmUpEpochs: expected .* 0 to 1/,
  ],
  ['a plateau of nothing', {}, { schedule: { type: 'plateau' } }, /schedule: expected a validation set/],
  ['a step of nothing', {}, { schedule: { type: 'step', every: 0 } }, /schedule.every: expected epochs, a number > 0/],
])('refuses %s', async (_, data, options, message) => {
  const model = small()
  const trainer = await trainerOf(model)
  const fit = fitAll(trainer, { ...someImages(model, 3, 1), ...data }, { epochs: 1, batchSize: 2, ...options })
  await expect(fit).rejects.toMatchObject({ code: 'E_INPUT', message: expect.stringMatching(message) })
})

test('refuses weights that do not fit the topology', async () => {
  const trainer = await trainerOf(small())
  const weights = await trainer.weights()
  const { topology } = trainer
  await expect(createPredictor({ topology, weights: weights.slice(1) })).rejects.toMatchObject({
    code: 'E_MODEL',
    at: 'weights conv2d_1/kernel',
  })
  const twice = [...weights, ...weights.slice(0, 1)]
  await expect(createPredictor({ topology, weights: twice })).rejects.toMatchObject({ code: 'E_MODEL', at: 'weights' })
})

test('calls after close are refused', async () => {
  const trainer = await createTrainer(small(), OPTIONS)
  await trainer.close()
  await expect(trainer.weights()).rejects.toMatchObject({ code: 'E_CLOSED' })
})

test('closing twice is closing once: a trainer that was given the thread since then goes on', async () => {
  const first = await createTrainer(small(), OPTIONS)
  const before = await first.weights()
  await first.close()
  const second = await trainerOf(small(), { seed: 12 })
  const weights = await second.weights()
  await first.close()
  expect(await second.weights()).toEqual(weights)
  expect(weights).not.toEqual(before)
  expect(weights).toEqual(await (await trainerOf(small(), { seed: 12 })).weights())
})
