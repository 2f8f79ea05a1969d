import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { unitRange } from '../data.ts'
import { EngineError, type EngineErrorCode } from '../errors.ts'
import { concatFloats } from '../floats.ts'
import { forwardGraph } from '../forward.ts'
import {
  apply,
  benchModel,
  embeddingModel,
  frozenModel,
  oddModel,
  residualModel,
  siameseModel,
} from '../testing/models.ts'
import { readModel } from './read.ts'
import { currentWeights, topologyOf } from './source.ts'
import { seededWeights, toTensors } from './weights.ts'

const read = (model: tf.LayersModel): ReturnType<typeof readModel> => readModel(topologyOf(model))

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
  expect(JSON.stringify(read(siameseModel()).topology)).toBe(JSON.stringify(read(siameseModel()).topology))
})

test('a shared tower has its weights once, and a call for each input', () => {
  const spec = read(siameseModel())
  expect(spec.inputCount).toBe(2)
  expect(spec.parameters.map(({ name, role }) => `${name} ${role}`)).toEqual([
    'conv2d_1/kernel trained',
    'conv2d_1/bias trained',
    'batch_normalization_1/gamma trained',
    'batch_normalization_1/beta trained',
    'batch_normalization_1/moving_mean statistic',
    'batch_normalization_1/moving_variance statistic',
    'dense_1/kernel trained',
    'dense_1/bias trained',
    'dense_2/kernel trained',
    'dense_2/bias trained',
  ])
  expect(spec.calls.filter(({ layer }) => layer.name === 'conv2d_1').map(({ inputs }) => inputs)).toEqual([[0], [1]])
})

test('a model that is frozen within a model stays so', () => {
  const { parameters, sizes } = read(frozenModel())
  expect(parameters.filter(({ role }) => role === 'trained').map(({ name }) => name)).toEqual([
    'dense_1/kernel',
    'dense_1/bias',
  ])
  expect(sizes).toEqual({ trained: 16 * 3 + 3, statistic: 0, fixed: 9 * 2 * 3 + 3 + 9 * 3 * 3 + 3 + 3 * 4 + 4 })
})

test.each([
  ['the benchmark model', benchModel(8, 2, 4)],
  ['a model of many layers', oddModel()],
  ['a residual model', residualModel()],
  ['siamese towers', siameseModel()],
  ['embeddings', embeddingModel()],
])('TensorFlow.js rebuilds %s from its topology and our weights', async (_, model) => {
  const spec = read(model)
  const flat = seededWeights(spec, 3)
  const tensors = toTensors(spec, flat)
  const weightSpecs = tensors.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' as const }))
  const weightData = concatFloats(tensors.map(({ data }) => data)).buffer
  const artifacts = {
    modelTopology: Object(spec.topology),
    weightSpecs,
    weightData: Uint8Array.from(new Uint8Array(weightData)).buffer,
  }
  const rebuilt = await tf.loadLayersModel({ load: async () => artifacts })
  expect(currentWeights(spec, rebuilt)).toEqual(flat)
  expect(read(rebuilt).topology).toEqual(spec.topology)
  expect(rebuilt.countParams()).toBe(spec.parameterCount)
})

test('weights follow the seed', () => {
  const spec = read(benchModel(8, 2, 4))
  expect(seededWeights(spec, 5)).toEqual(seededWeights(spec, 5))
  expect(seededWeights(spec, 5)).not.toEqual(seededWeights(spec, 6))
})

function twoOutputs(): tf.LayersModel {
  const inputs = tf.input({ shape: [8, 8, 3] })
  const flat = apply(tf.layers.flatten(), inputs)
  return tf.model({ inputs, outputs: [flat, apply(tf.layers.dense({ units: 2 }), flat)] })
}

function twoShapes(): tf.LayersModel {
  const inputs = [tf.input({ shape: [8, 8, 3] }), tf.input({ shape: [4, 4, 3] })]
  const flat = inputs.map((x) => apply(tf.layers.flatten(), x))
  return tf.model({ inputs, outputs: apply(tf.layers.concatenate(), flat) })
}

const image = { inputShape: [8, 8, 3] }
const end = (): tf.layers.Layer[] => [tf.layers.flatten(), tf.layers.dense({ units: 2, activation: 'softmax' })]
const chain = (...layers: tf.layers.Layer[]): tf.Sequential => tf.sequential({ layers: [...layers, ...end()] })

test.each<[string, () => tf.LayersModel, EngineErrorCode, RegExp]>([
  [
    'a layer',
    () => chain(tf.layers.upSampling2d(image)),
    'E_UNSUPPORTED',
    /UpSampling2D.*expected one of Activation, Add, .*ZeroPadding2D, got UpSampling2D/,
  ],
  [
    'an activation',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'selu', ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.activation: expected one of linear, relu, .*got "selu"/,
  ],
  [
    'channels first',
    () => chain(tf.layers.maxPooling2d({ dataFormat: 'channelsFirst', ...image })),
    'E_UNSUPPORTED',
    /max_pooling2d_1.data_format/,
  ],
  [
    'a constraint',
    () => chain(tf.layers.conv2d({ filters: 2, kernelSize: 3, kernelConstraint: 'nonNeg', ...image })),
    'E_UNSUPPORTED',
    /conv2d_1.kernel_constraint/,
  ],
  [
    'normalisation over another axis',
    () => chain(tf.layers.batchNormalization({ axis: 1, ...image })),
    'E_UNSUPPORTED',
    /batch_normalization_1.axis: expected the last axis/,
  ],
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
    /dense_1: expected one row of numbers per sample.* got \[8,8,2\]/,
  ],
  [
    'a flat input',
    () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] }),
    'E_MODEL',
    /the first layer: expected inputShape/,
  ],
  ['two outputs', twoOutputs, 'E_UNSUPPORTED', /model: expected one output, got 2/],
  ['inputs of two shapes', twoShapes, 'E_UNSUPPORTED', /model: expected inputs of one shape, \[8,8,3\], got \[4,4,3\]/],
])('refuses %s, naming it', (_, build, code, message) => {
  const refuse = (): unknown => {
    const spec = read(build())
    return forwardGraph(spec, unitRange(3), 1, 'softmax')
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
