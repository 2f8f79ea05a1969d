import * as tf from '@tensorflow/tfjs'
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
