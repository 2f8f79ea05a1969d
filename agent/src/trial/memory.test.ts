import type { Checkpoint, ImageSet } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { brightImages } from '../testing/agents.ts'
import type { TrialFitOptions } from '../types.ts'
import { createMemory, keyOf, withDigest } from './memory.ts'

const DATA: ImageSet = brightImages(20)
const OPTIONS: TrialFitOptions = { epochs: 3, batchSize: 10, validation: brightImages(10) }
const CHECKPOINT: Checkpoint = {
  step: 2,
  epochsDone: 1,
  epochs: [{ epoch: 1, epochs: 3, step: 2, loss: 1, accuracy: 0.5, seconds: 1, samplesPerSecond: 20 }],
  partial: { samples: 0, loss: 0, correct: 0, seconds: 0 },
  best: null,
  weights: Float32Array.of(1),
  slots: [],
}
const rich: TrialFitOptions = {
  ...OPTIONS,
  patience: 2,
  schedule: { type: 'step', every: 2 },
  augment: [{ type: 'flip' }, { type: 'blur', sigma: 2 }],
  classWeights: [1, 2],
}

/** What a call of `fit` with these leaves, as the next attempt finds it. */
function leave(data: ImageSet, options: TrialFitOptions) {
  const memory = createMemory(0, 'model', undefined, () => undefined)
  memory.begin(data, options)
  return memory.saved(CHECKPOINT)
}
const begin = (data: ImageSet, options: TrialFitOptions) =>
  createMemory(0, 'model', leave(DATA, rich), () => undefined).begin(data, options)

test('the same call, written down again, goes on from the checkpoint', () => {
  const data = { ...DATA, images: DATA.images.slice() }
  expect(begin(data, { ...rich, validation: brightImages(10) })).toMatchObject({ type: 'train', from: { step: 2 } })
})

test.each<[string, ImageSet, TrialFitOptions]>([
  ['more epochs', DATA, { ...rich, epochs: 4 }],
  ['another batch size', DATA, { ...rich, batchSize: 20 }],
  ['other patience', DATA, { ...rich, patience: 3 }],
  ['other images', brightImages(30), rich],
  ['other images to validate with', DATA, { ...rich, validation: brightImages(20) }],
  ['another schedule', DATA, { ...rich, schedule: { type: 'cosine' } }],
  ['another number of a schedule', DATA, { ...rich, schedule: { type: 'step', every: 3 } }],
  ['another augmentation', DATA, { ...rich, augment: [{ type: 'flip' }, { type: 'blur', sigma: 3 }] }],
  ['augmentations in another order', DATA, { ...rich, augment: [{ type: 'blur', sigma: 2 }, { type: 'flip' }] }],
  ['other class weights', DATA, { ...rich, classWeights: [1, 3] }],
  ['no class weights', DATA, OPTIONS],
  ['targets', { ...DATA, targets: new Float32Array(40) }, rich],
  ['sample weights', { ...DATA, sampleWeights: new Float32Array(20).fill(1) }, rich],
])('%s: a checkpoint is not gone on from', (_, data, options) => {
  expect(() => begin(data, options)).toThrow(/the data and options of the earlier attempt, got others/)
})

test('given weights belong to the key of a compilation: names, shapes and every number', () => {
  const options = {
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 },
  } as const
  const tensor = { name: 'dense_1/bias', shape: [2], data: Float32Array.of(1, 2) }
  const keyFor = (...initialWeights: (typeof tensor)[]) => keyOf(withDigest({ ...options, initialWeights }))
  const others = [
    keyOf(withDigest(options)),
    keyOf(withDigest({ ...options, initialWeights: 'model' })),
    keyFor(),
    keyFor({ ...tensor, name: 'dense_2/bias' }),
    keyFor({ ...tensor, shape: [1, 2] }),
    keyFor({ ...tensor, data: Float32Array.of(1, 3) }),
    keyFor(tensor, tensor),
  ]
  expect(new Set([...others, keyFor(tensor)]).size).toBe(others.length + 1)
  expect(keyFor({ ...tensor, data: Float32Array.of(0, 1, 2).subarray(1) })).toBe(keyFor(tensor))
})
