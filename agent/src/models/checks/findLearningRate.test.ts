import { adam, type ImageSet, sgd } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { brightImages, brightModel } from '../../testing/agents.ts'
import { findLearningRate } from './findLearningRate.ts'

/** One weight w, an image of 1, a target of 0: the loss is w², and a step multiplies w by 1 − 2 × rate. */
const oneWeight = (): tf.Sequential =>
  tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [1, 1, 1] }), tf.layers.dense({ units: 1, useBias: false })],
  })
const SHAPE = { height: 1, width: 1, channels: 1, classCount: 2 }
const ones = (count: number): ImageSet => ({
  ...SHAPE,
  images: new Uint8Array(count).fill(255),
  labels: new Uint8Array(count),
  targets: new Float32Array(count),
})
const initialWeights = [{ name: 'dense_1/kernel', shape: [1, 1], data: Float32Array.of(3) }]

test.each([
  [100, 5],
  // Twice 70 of them, not once 90 and then 50.
  [90, 1],
])(
  'losses are those that arithmetic gives, rate by rate, up to the explosion: sets of %i, batches of %i',
  async (count, batchSize) => {
    const model = oneWeight()
    const before = model.getWeights().map((tensor) => [...tensor.dataSync()])
    const options = {
      loss: 'meanSquaredError',
      optimizer: sgd(99),
      initialWeights,
      batchSize,
      steps: 140,
      from: 0.001,
      to: 100,
    } as const
    const found = await findLearningRate(model, ones(count), options)
    expect(found.exploded).toBe(true)
    let weight = 3
    for (const [i, rate] of found.rates.entries()) {
      expect(rate / 0.001).toBeCloseTo(1e5 ** (i / 140), 6)
      expect(found.losses[i]).toBeCloseTo(weight ** 2, 4)
      weight *= 1 - 2 * rate
    }
    // Above 1 each step makes the weight larger.
    expect(found.rates.at(-1)).toBeGreaterThan(1)
    expect(found.suggestion).toBeLessThan(1)
    expect(found.text).toMatch(
      /^Learning rate [\d.]+: there the loss falls most steeply\. The loss explodes above [\d.]+\.$/,
    )
    expect(model.getWeights().map((tensor) => [...tensor.dataSync()])).toEqual(before)
  },
)

test('what does not learn gets no suggestion', async () => {
  const images = brightImages(64)
  const alike = { ...images, images: images.images.map(() => 0) }
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(1), to: 0.01 } as const
  const found = await findLearningRate(brightModel(), alike, options)
  expect([found.suggestion, found.exploded]).toEqual([null, false])
  expect(found.text).toBe('No learning rate is suggested: the loss does not fall up to 0.0098. Try overfitOneBatch.')
})

test('the same seed gives the same bytes, and a stop rejects with its reason', async () => {
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(1), steps: 20, to: 0.1 } as const
  const [first, second] = await Promise.all(
    [0, 1].map(() => findLearningRate(brightModel(), brightImages(50), options)),
  )
  expect(first).toEqual(second)
  expect(first?.rates).toHaveLength(20)
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(findLearningRate(brightModel(), brightImages(50), { ...options, signal })).rejects.toThrow('enough')
})

test.each([
  [{ steps: 5 }, 'findLearningRate: steps: expected an integer from 10 to 10000, got 5'],
  [{ from: 0 }, 'findLearningRate: from: expected a number 0 < x ≤ 1000000, got 0'],
  [{ from: 1, to: 0.5 }, 'findLearningRate: to: expected a number 1 < x ≤ 1000000, got 0.5'],
  [{ batchSize: 0.5 }, 'findLearningRate: batchSize: expected an integer from 1 to 65536, got 0.5'],
])('refuses %j', async (wrong, message) => {
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(1), ...wrong } as const
  await expect(findLearningRate(brightModel(), brightImages(4), options)).rejects.toThrow(message)
})
