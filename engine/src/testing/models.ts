import * as tf from '@tensorflow/tfjs'
import { l2Normalize } from '../l2normalize.ts'
import type { SharedSet } from '../messages.ts'
import { silenceBanner } from '../quiet.ts'
import type { ImageSet } from '../types.ts'
import { someBytes, someLabels } from './numbers.ts'

silenceBanner()

/** conv → relu → pool, twice, then two dense layers: the model of the benchmarks, of any size. */
export const benchModel = (size: number, filters: number, width: number): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', inputShape: [size, size, 3] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: width, activation: 'relu' }),
      tf.layers.dense({ units: 10, activation: 'softmax' }),
    ],
  })

/** Every layer, with sizes that fit nowhere exactly: odd images, strides, valid padding, overlapping pools, missing biases. */
export const oddModel = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [13, 11, 2] }),
      tf.layers.conv2d({ filters: 5, kernelSize: [3, 2], strides: [1, 2], padding: 'same', useBias: false }),
      tf.layers.reLU(),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      tf.layers.dropout({ rate: 0.25 }),
      tf.layers.conv2d({ filters: 4, kernelSize: 2, padding: 'valid', activation: 'relu' }),
      tf.layers.maxPooling2d({ poolSize: [3, 1], strides: [2, 1] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 7, useBias: false }),
      tf.layers.activation({ activation: 'relu' }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 3 }),
      tf.layers.softmax(),
    ],
  })

/** Random images with random labels, for a model of that input. */
export function someImages(model: tf.LayersModel, count: number, seed: number): ImageSet {
  const [, height = 0, width = 0, channels = 0] = model.inputs[0]?.shape.map(Number) ?? []
  const classCount = Number(model.outputs[0]?.shape[1])
  return {
    images: someBytes(count * height * width * channels, seed),
    labels: someLabels(count, classCount, seed),
    height,
    width,
    channels,
    classCount,
  }
}

/** Images whose class can be learnt: each class has a pattern, half of what is seen; the rest is noise. */
export function learnableImages(model: tf.LayersModel, count: number, seed: number): ImageSet {
  const set = someImages(model, count, seed)
  const size = set.images.length / count
  const patterns = someBytes(set.classCount * size, 12345)
  const images = set.images.map((noise, i) => {
    const label = set.labels[Math.floor(i / size)] ?? 0
    return (noise + (patterns[label * size + (i % size)] ?? 0)) / 2
  })
  return { ...set, images }
}

type Symbolic = tf.SymbolicTensor

/** Applies a layer to a symbolic tensor, or to several. */
export function apply(layer: tf.layers.Layer, inputs: Symbolic | Symbolic[]): Symbolic {
  const output = layer.apply(inputs)
  if (Array.isArray(output) || output instanceof tf.Tensor) throw new Error('one symbolic output')
  return output
}

/** Two residual blocks with batch normalisation, one of them with a projection, and global pooling. */
export function residualModel(scale = true): tf.LayersModel {
  const inputs = tf.input({ shape: [8, 7, 3] })
  const block = (x: Symbolic, filters: number, strides: number): Symbolic => {
    const conv = (options: { kernelSize: number; strides: number }): tf.layers.Layer =>
      tf.layers.conv2d({ filters, padding: 'same', useBias: false, ...options })
    const inner = apply(
      tf.layers.reLU(),
      apply(tf.layers.batchNormalization(), apply(conv({ kernelSize: 3, strides }), x)),
    )
    const main = apply(tf.layers.batchNormalization({ scale }), apply(conv({ kernelSize: 3, strides: 1 }), inner))
    const shortcut = x.shape[3] === filters ? x : apply(conv({ kernelSize: 1, strides }), x)
    return apply(tf.layers.reLU(), apply(tf.layers.add(), [main, shortcut]))
  }
  const last = block(block(apply(tf.layers.conv2d({ filters: 4, kernelSize: 3 }), inputs), 4, 1), 6, 2)
  const pooled = apply(tf.layers.globalAveragePooling2d({}), last)
  return tf.model({ inputs, outputs: apply(tf.layers.dense({ units: 3, activation: 'softmax' }), pooled) })
}

/** One tower on two images; a sigmoid of what their features have in common. */
export function siameseModel(): tf.LayersModel {
  const [a, b] = [tf.input({ shape: [6, 6, 2] }), tf.input({ shape: [6, 6, 2] })]
  const tower = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'swish', inputShape: [6, 6, 2] }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 5, activation: 'tanh' }),
    ],
  })
  const both = apply(tf.layers.multiply(), [apply(tower, a), apply(tower, b)])
  const outputs = apply(tf.layers.dense({ units: 1, activation: 'sigmoid' }), both)
  return tf.model({ inputs: [a, b], outputs })
}

/** Embeddings of unit length. */
export const embeddingModel = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 2] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 6 }),
      l2Normalize(),
    ],
  })

/** L1 and L2 penalties on kernels and a bias. */
export const penalisedModel = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 3,
        kernelSize: 3,
        activation: 'relu',
        kernelRegularizer: tf.regularizers.l1l2({ l1: 0.01, l2: 0.02 }),
        biasRegularizer: tf.regularizers.l2({ l2: 0.1 }),
        inputShape: [6, 6, 2],
      }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelRegularizer: tf.regularizers.l1({ l1: 0.005 }) }),
    ],
  })

/** A frozen tower, as in transfer learning, below a dense layer; the first layer of the rest is frozen by itself. */
export function frozenModel(): tf.Sequential {
  const tower = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 2] }),
      tf.layers.conv2d({ filters: 3, kernelSize: 3, activation: 'relu' }),
    ],
  })
  tower.trainable = false
  return tf.sequential({
    layers: [
      tower,
      tf.layers.conv2d({ filters: 4, kernelSize: 1, trainable: false }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  })
}

/** Random samples for a model, as the worker holds them. */
export function someSamples(model: tf.LayersModel, count: number, seed: number, classCount?: number): SharedSet {
  const set = someImages(model, count, seed)
  const classes = classCount ?? set.classCount
  return {
    images: someBytes(model.inputs.length * set.images.length, seed),
    labels: someLabels(count, classes, seed),
    targets: null,
    sampleWeights: null,
    classCount: classes,
  }
}

/**
 * A small MobileNet: depthwise and pointwise convolutions with capped relus. No bias comes before a normalisation, which takes it out again:
 * its gradient is nothing but rounding, of which Adam makes whole steps.
 */
export const depthwiseModel = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        useBias: false,
        inputShape: [9, 8, 3],
      }),
      tf.layers.batchNormalization(),
      tf.layers.reLU({ maxValue: 6 }),
      tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
      tf.layers.batchNormalization(),
      tf.layers.activation({ activation: 'relu6' as 'relu' }),
      tf.layers.separableConv2d({ filters: 6, kernelSize: 3, strides: 2, padding: 'same' }),
      tf.layers.averagePooling2d({ poolSize: 2 }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  })
