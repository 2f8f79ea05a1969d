import { createTrainer, parametersOf } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { frozenModel } from './testing/models.ts'
import { OPTIONS, small, trainerOf } from './testing/trainers.ts'

test('given weights are taken by name, and what is not among them is drawn by the seed', async () => {
  const model = small()
  const drawn = await (await trainerOf(model)).weights()
  const [, second] = await (await trainerOf(model, { seed: 12 })).weights()
  if (second === undefined) throw new Error('a bias')
  const kernel = { ...second, data: second.data.map((_, i) => i) }
  const trainer = await trainerOf(model, { initialWeights: [kernel] })
  expect(await trainer.weights()).toEqual(drawn.map((tensor) => (tensor.name === kernel.name ? kernel : tensor)))
  for (const [wrong, message] of [
    [{ ...kernel, name: 'conv2d_9/bias' }, 'weights conv2d_9/bias: expected a parameter of the model, got none such'],
    [{ ...kernel, shape: [2, 2] }, 'weights conv2d_1/bias: expected shape [4], got [2,2] of 4'],
    [{ ...kernel, data: new Float32Array(3) }, 'weights conv2d_1/bias: expected shape [4], got [4] of 3'],
  ] as const)
    await expect(createTrainer(model, { ...OPTIONS, initialWeights: [wrong] })).rejects.toThrow(message)
})

test('parameters are listed by both names, also of layers within a model within the model', async () => {
  const model = frozenModel()
  const trainer = await trainerOf(model)
  const parameters = await parametersOf(model)
  expect(parameters.map(({ name, shape }) => [name, shape])).toEqual(
    (await trainer.weights()).map(({ name, shape }) => [name, shape]),
  )
  const [tower] = model.layers
  const inner: unknown = Reflect.get(tower ?? {}, 'layers')
  const names = [...(Array.isArray(inner) ? inner : []), ...model.layers.slice(1)]
    .filter((layer: tf.layers.Layer) => layer.weights.length > 0)
    .map((layer: tf.layers.Layer) => layer.name)
  expect([...new Set(parameters.map(({ layer }) => layer))]).toEqual(names)
})

test('a model that plain TensorFlow.js runs begins with given weights, too', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.upSampling2d({ size: [2, 2], inputShape: [2, 2, 3] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax', name: 'head' }),
    ],
  })
  const parameters = await parametersOf(model)
  expect(parameters.map(({ name, layer, shape }) => [name, layer, shape])).toEqual([
    ['head/kernel', 'head', [48, 2]],
    ['head/bias', 'head', [2]],
  ])
  const bias = { name: 'head/bias', shape: [2], data: Float32Array.of(3, 4) }
  const trainer = await trainerOf(model, { initialWeights: [bias] })
  const [kernel, given] = await trainer.weights()
  expect(given).toEqual(bias)
  expect([...(kernel?.data ?? [])]).toEqual([...(model.getWeights()[0]?.dataSync() ?? [])])
})
