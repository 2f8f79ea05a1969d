import { createTrainer, sgd } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test } from 'vitest'
import { freeze, models, unfreeze } from './index.ts'

const SMALL = { imageSize: 8, classCount: 3 }
const trained = (model: tf.LayersModel): string[] =>
  model.layers.filter(({ trainable }) => trainable).map(({ name }) => name)

test('without a name all but the head is held still, and unfreezing lets all train again', () => {
  const model = models.resnet8(SMALL)
  const before = model.trainableWeights.length
  expect(freeze(model)).toBe(model)
  expect([trained(model), model.trainableWeights.length]).toEqual([['fc'], 2])
  expect(unfreeze(model).trainableWeights).toHaveLength(before)
})

test('with a name, the layers up to it are held still, and those of an earlier call train again', () => {
  const model = freeze(models.resnet8(SMALL))
  freeze(model, 'layer2.0.bn1')
  const stillNames = model.layers.filter(({ trainable }) => !trainable).map(({ name }) => name)
  expect(stillNames.at(-1)).toBe('layer2.0.bn1')
  expect(trained(model)).toContain('layer2.0.conv2')
  expect(() => freeze(model, 'layer9')).toThrow(/freeze: until: expected the name of a layer: .*, got "layer9"/)
})

test('a model within the model is held still and let go with all in it; batch normalisations stay on wish', () => {
  const tower = tf.sequential({
    layers: [tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 3] }), tf.layers.batchNormalization()],
  })
  const model = tf.sequential({ layers: [tower, tf.layers.flatten(), tf.layers.dense({ units: 3 })] })
  expect(freeze(model).trainableWeights).toHaveLength(2)
  expect(unfreeze(model).trainableWeights).toHaveLength(6)
  expect(unfreeze(model, { batchNormalization: false }).trainableWeights).toHaveLength(4)
})

test('what is frozen keeps its bytes through training, moving averages too; the rest changes', async () => {
  const model = freeze(models.resnet8({ ...SMALL, filters: 2 }), 'layer1.0.bn2')
  const images = Uint8Array.from({ length: 6 * 192 }, (_, i) => (i * 7919) >> 5)
  const data = { images, labels: Uint8Array.of(0, 1, 2, 0, 1, 2), height: 8, width: 8, channels: 3, classCount: 3 }
  const trainer = await createTrainer(model, { loss: 'categoricalCrossentropy', optimizer: sgd(0.1), seed: 1 })
  onTestFinished(() => trainer.close())
  const before = await trainer.weights()
  for await (const epoch of trainer.fit(data, { epochs: 2, batchSize: 3 })) expect(epoch.step).toBeGreaterThan(0)
  const after = await trainer.weights()
  const changed = before.filter(({ data }, i) => data.some((value, j) => value !== after[i]?.data[j]))
  const still = before.filter((tensor) => !changed.includes(tensor)).map(({ name }) => name)
  // Three normalised convolutions: five tensors each.
  expect(still).toEqual(before.slice(0, 15).map(({ name }) => name))
})
