import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { unitRange } from './data.ts'
import { EngineError, type EngineErrorCode } from './errors.ts'
import { forwardGraph } from './forward.ts'
import { readModel, seededWeights } from './model.ts'
import { benchModel, oddModel } from './testing/models.ts'
import { currentWeights } from './weights.ts'

const read = (model: tf.LayersModel): ReturnType<typeof readModel> => readModel(model.toJSON(null, false))

test('equal models have equal topologies and weight names, whatever TensorFlow.js called their layers', () => {
  const [first, second] = [benchModel(8, 2, 4), benchModel(8, 2, 4)]
  expect(first.layers[0]?.name).not.toBe(second.layers[0]?.name)
  expect(JSON.stringify(read(first).topology)).toBe(JSON.stringify(read(second).topology))
  expect(read(second).parameters.map(({ name }) => name)).toEqual([
    'conv2d_1/kernel',
    'conv2d_1/bias',
    'conv2d_2/kernel',
    'conv2d_2/bias',
    'dense_1/kernel',
    'dense_1/bias',
    'dense_2/kernel',
    'dense_2/bias',
  ])
})

test.each([
  ['the benchmark model', benchModel(8, 2, 4)],
  ['a model of all layers', oddModel()],
])('TensorFlow.js rebuilds %s from its topology and our weights', async (_, model) => {
  const spec = read(model)
  const flat = seededWeights(spec, 3)
  const weightSpecs = spec.parameters.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' as const }))
  const artifacts = { modelTopology: Object(spec.topology), weightSpecs, weightData: flat.slice().buffer }
  const rebuilt = await tf.loadLayersModel({ load: async () => artifacts })
  expect(rebuilt.getWeights().flatMap((tensor) => [...tensor.dataSync()])).toEqual([...flat])
  expect(currentWeights(spec, rebuilt)).toEqual(flat)
  expect(read(rebuilt).topology).toEqual(spec.topology)
  expect(rebuilt.countParams()).toBe(spec.parameterCount)
})

test('weights follow the seed', () => {
  const spec = read(benchModel(8, 2, 4))
  expect(seededWeights(spec, 5)).toEqual(seededWeights(spec, 5))
  expect(seededWeights(spec, 5)).not.toEqual(seededWeights(spec, 6))
})

function functional(): tf.LayersModel {
  const inputs = tf.input({ shape: [8, 8, 3] })
  const outputs = tf.layers.flatten().apply(inputs)
  if (outputs instanceof tf.Tensor || Array.isArray(outputs)) throw new Error('one symbolic output')
  return tf.model({ inputs, outputs })
}

const image = { inputShape: [8, 8, 3] }
const end = (): tf.layers.Layer[] => [tf.layers.flatten(), tf.layers.dense({ units: 2, activation: 'softmax' })]
const chain = (...layers: tf.layers.Layer[]): tf.Sequential => tf.sequential({ layers: [...layers, ...end()] })

test.each<[string, () => tf.LayersModel, EngineErrorCode, RegExp]>([
  [
    'a layer',
    () => chain(tf.layers.averagePooling2d({ poolSize: 2, ...image })),
    'E_UNSUPPORTED',
    /AveragePooling2D.*expected one of Activation, Conv2D, Dense/,
  ],
  [
    'an activation',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'tanh', ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.activation: expected one of linear, relu, softmax, got "tanh"/,
  ],
  [
    'dilation',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.dilation_rate.*got \[2,2\]/,
  ],
  [
    'channels first',
    () => chain(tf.layers.maxPooling2d({ dataFormat: 'channelsFirst', ...image })),
    'E_UNSUPPORTED',
    /max_pooling2d_1.data_format/,
  ],
  [
    'a regularizer',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, kernelRegularizer: 'l1l2', ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.kernel_regularizer/,
  ],
  [
    'a frozen layer',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, trainable: false, ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.trainable: .* got false/,
  ],
  ['a capped relu', () => chain(tf.layers.reLU({ maxValue: 6, ...image })), 'E_UNSUPPORTED', /re_lu_1.max_value/],
  ['a functional model', functional, 'E_UNSUPPORTED', /model: expected a Sequential model/],
  [
    'no softmax',
    () => tf.sequential({ layers: [tf.layers.flatten(image), tf.layers.dense({ units: 2 })] }),
    'E_UNSUPPORTED',
    /dense_1: expected a last layer with activation 'softmax'/,
  ],
  [
    'no flatten',
    () => tf.sequential({ layers: [tf.layers.dense({ units: 2, activation: 'softmax', ...image })] }),
    'E_MODEL',
    /dense_1: expected one probability per class.* got \[8,8,2\]/,
  ],
  [
    'a flat input',
    () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] }),
    'E_MODEL',
    /the first layer: expected inputShape/,
  ],
])('refuses %s, naming it', (_, build, code, message) => {
  const refuse = (): unknown => {
    const spec = read(build())
    return forwardGraph(spec, unitRange(3), 1)
  }
  expect(refuse).toThrow(EngineError)
  expect(refuse).toThrow(message)
  expect(refuse).toThrow(expect.objectContaining({ code }))
})

test.each([
  [null],
  ['x'],
  [{}],
  [{ class_name: 'Sequential' }],
  [{ class_name: 'Sequential', config: { layers: [] } }],
])('refuses topology %j', (topology) => {
  expect(() => readModel(topology)).toThrow(EngineError)
})
