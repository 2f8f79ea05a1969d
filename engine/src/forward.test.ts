import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { unitRange } from './data.ts'
import { openEvaluator } from './evaluator.ts'
import { l2Normalize } from './l2normalize.ts'
import { readModel } from './model/read.ts'
import { currentWeights, topologyOf } from './model/source.ts'
import { gatedModel } from './testing/gatedModel.ts'
import {
  apply,
  benchModel,
  embeddingModel,
  frozenModel,
  oddModel,
  residualModel,
  siameseModel,
  someSamples,
} from './testing/models.ts'
import { relativeError, someNumbers } from './testing/numbers.ts'
import type { Normalisation } from './types.ts'

const IMAGE = [12, 9, 3]
const L = tf.layers

/** Layers on an image, then a dense layer. */
const on = (...layers: tf.layers.Layer[]): tf.Sequential =>
  tf.sequential({ layers: [L.inputLayer({ inputShape: IMAGE }), ...layers, L.flatten(), L.dense({ units: 3 })] })

/** The image through two layers that are joined by a third. */
function merged(join: tf.layers.Layer): tf.LayersModel {
  const inputs = tf.input({ shape: IMAGE })
  const convolve = (): tf.SymbolicTensor => apply(L.conv2d({ filters: 3, kernelSize: 3, padding: 'same' }), inputs)
  const joined = apply(L.flatten(), apply(join, [inputs, convolve(), convolve()]))
  return tf.model({ inputs, outputs: apply(L.dense({ units: 3 }), joined) })
}

const convolution = (padding: 'same' | 'valid', kernelSize: number, strides: number, poolSize: number): tf.Sequential =>
  on(L.conv2d({ filters: 3, kernelSize, strides, padding, activation: 'relu' }), L.maxPooling2d({ poolSize, padding }))

const PLAIN = { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] }
const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'sigmoid',
  'tanh',
  'softplus',
  'swish',
  'gelu',
  'gelu_new',
  'softmax',
] as const

const ACTIVATED = ACTIVATIONS.map((activation): [string, tf.LayersModel, Normalisation] => [
  `activation ${activation}`,
  // Widened, so that relu6 is capped.
  on(L.rescaling({ scale: 8, offset: -2 }), L.conv2d({ filters: 2, kernelSize: 1, activation: activation as 'relu' })),
  PLAIN,
])

test.each<[string, tf.LayersModel, Normalisation?]>([
  ['the benchmark model', benchModel(16, 4, 8), IMAGENET],
  ['a model of many layers', oddModel()],
  ['a residual model', residualModel()],
  ['a residual model without scale', residualModel(false)],
  ['siamese towers', siameseModel()],
  ['a frozen tower', frozenModel()],
  ['embeddings', embeddingModel()],
  ['a dense layer on images', on(L.dense({ units: 5, activation: 'softmax' }))],
  ['convolution: same, 3, stride 1, pool 2', convolution('same', 3, 1, 2), PLAIN],
  ['convolution: same, 5, stride 2, pool 3', convolution('same', 5, 2, 3), IMAGENET],
  ['convolution: valid, 2, stride 1, pool 2', convolution('valid', 2, 1, 2), PLAIN],
  ['convolution: valid, 3, stride 2, pool 1', convolution('valid', 3, 2, 1), PLAIN],
  ['convolution: same, 1, stride 1, pool 4', convolution('same', 1, 1, 4), PLAIN],
  ...ACTIVATED,
  ['a capped relu', on(L.rescaling({ scale: 4 }), L.reLU({ maxValue: 2 }))],
  ['a leaky relu', on(L.rescaling({ scale: 4, offset: -2 }), L.leakyReLU({ alpha: 0.1 }))],
  ['batch normalisation', on(L.batchNormalization({ epsilon: 0.01 }))],
  ['batch normalisation, plain', on(L.batchNormalization({ scale: false, center: false }))],
  [
    'global average pooling',
    tf.sequential({ layers: [L.globalAveragePooling2d({ inputShape: IMAGE }), L.dense({ units: 3 })] }),
  ],
  [
    'global max pooling',
    tf.sequential({ layers: [L.globalMaxPooling2d({ inputShape: IMAGE }), L.dense({ units: 3 })] }),
  ],
  [
    'zero padding',
    on(
      L.zeroPadding2d({
        padding: [
          [1, 0],
          [2, 3],
        ],
      }),
      L.conv2d({ filters: 2, kernelSize: 3 }),
    ),
  ],
  ['reshape', on(L.reshape({ targetShape: [6, 18, 3] }), L.dense({ units: 2 }))],
  ['unit length', on(l2Normalize())],
  ['spatial dropout', on(L.dropout({ rate: 0.5, noiseShape: [1, 1, 1, 3] }))],
  ['a sum', merged(L.add())],
  ['a product', merged(L.multiply())],
  ['gates on an image', gatedModel()],
  ['channels side by side', merged(L.concatenate())],
  ['rows side by side', merged(L.concatenate({ axis: 1 }))],
])('%s: outputs are those of TensorFlow.js', async (_, model, given) => {
  const spec = readModel(topologyOf(model))
  // Statistics and biases start at 0 and 1, which hides mistakes.
  drawWeights(model)
  const normalisation = given ?? unitRange(spec.inputShape[2])
  const { images, labels } = someSamples(model, 37, 5, 2)
  const evaluator = await openEvaluator(spec, { normalisation, threads: 1, device: 'cpu', activation: null })
  const { outputs } = await evaluator.run(images, labels.length, currentWeights(spec, model))
  expect(relativeError(outputs, byTensorFlow(model, images, normalisation))).toBeLessThan(1e-5)
})

/** Draws all weights anew. */
function drawWeights(layer: tf.layers.Layer): void {
  const inner: unknown = Reflect.get(layer, 'layers')
  if (Array.isArray(inner)) return inner.forEach(drawWeights)
  layer.setWeights(layer.getWeights().map((tensor, i) => tf.tensor(numbersLike(tensor, i), tensor.shape)))
}

/** 0.1 … 0.7: positive, since variances are among them. */
const numbersLike = (tensor: tf.Tensor, seed: number): Float32Array =>
  Float32Array.from(someNumbers(tensor.size, seed), (x) => 0.4 + 0.3 * x)

function byTensorFlow(model: tf.LayersModel, images: Uint8Array, { scale, mean, std }: Normalisation): Float32Array {
  return tf.tidy(() => {
    const shape = model.inputs[0]?.shape.slice(1).map(Number) ?? []
    const inputs = model.inputs.length
    const x = tf
      .tensor(Float32Array.from(images), [images.length / shape.reduce((a, b) => a * b, inputs), inputs, ...shape])
      .mul(scale)
      .sub(tf.tensor1d([...mean]))
      .div(tf.tensor1d([...std]))
    const parts = tf.unstack(x, 1)
    const [first] = parts
    const output = model.predict(parts.length === 1 && first ? first : parts)
    if (!(output instanceof tf.Tensor)) throw new Error('one output')
    return Float32Array.from(output.dataSync())
  })
}
