import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { unitRange } from './data.ts'
import { openEvaluator, score } from './evaluator.ts'
import { readModel } from './model.ts'
import { benchModel, oddModel, someImages } from './testing/models.ts'
import { relativeError } from './testing/numbers.ts'
import type { Normalisation } from './types.ts'
import { currentWeights } from './weights.ts'

const convolution = (padding: 'same' | 'valid', kernelSize: number, strides: number, poolSize: number): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize, strides, padding, activation: 'relu', inputShape: [12, 9, 3] }),
      tf.layers.maxPooling2d({ poolSize, padding }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  })

const dense = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.dense({ units: 5, activation: 'softmax', inputShape: [3, 4, 2] }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  })

const PLAIN = { scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] }
const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }

test.each<[string, tf.Sequential, Normalisation?]>([
  ['the benchmark model', benchModel(16, 4, 8), IMAGENET],
  ['a model of all layers', oddModel()],
  ['a dense layer on images', dense()],
  ['convolution: same, 3, stride 1, pool 2', convolution('same', 3, 1, 2), PLAIN],
  ['convolution: same, 5, stride 2, pool 3', convolution('same', 5, 2, 3), IMAGENET],
  ['convolution: valid, 2, stride 1, pool 2', convolution('valid', 2, 1, 2), PLAIN],
  ['convolution: valid, 3, stride 2, pool 1', convolution('valid', 3, 2, 1), PLAIN],
  ['convolution: same, 1, stride 1, pool 4', convolution('same', 1, 1, 4), PLAIN],
])('%s: probabilities are those of TensorFlow.js', async (_, model, given) => {
  const spec = readModel(model.toJSON(null, false))
  const normalisation = given ?? unitRange(spec.inputShape[2])
  const { images, labels } = someImages(model, 37, 5)
  const evaluator = await openEvaluator(spec, normalisation, 1)
  const { logits, probabilities } = await evaluator.run(images, labels.length, currentWeights(spec, model))
  const expected = byTensorFlow(model, images, normalisation)
  expect(relativeError(probabilities, expected)).toBeLessThan(1e-5)
  const { loss, accuracy } = score(logits, Int32Array.from(labels), spec.classCount)
  expect(loss).toBeCloseTo(meanLoss(expected, labels), 4)
  expect(accuracy).toBeGreaterThanOrEqual(0)
})

function byTensorFlow(model: tf.Sequential, images: Uint8Array, { scale, mean, std }: Normalisation): Float32Array {
  return tf.tidy(() => {
    const shape = model.inputs[0]?.shape.slice(1).map(Number) ?? []
    const x = tf.tensor(Float32Array.from(images), [images.length / shape.reduce((a, b) => a * b, 1), ...shape])
    const normal = x
      .mul(scale)
      .sub(tf.tensor1d([...mean]))
      .div(tf.tensor1d([...std]))
    const output = model.predict(normal)
    if (!(output instanceof tf.Tensor)) throw new Error('one output')
    return Float32Array.from(output.dataSync())
  })
}

function meanLoss(probabilities: Float32Array, labels: ArrayLike<number>): number {
  const classes = probabilities.length / labels.length
  const losses = Array.from(labels, (label, i) => -Math.log(probabilities[i * classes + label] ?? 0))
  return losses.reduce((total, loss) => total + loss, 0) / labels.length
}
