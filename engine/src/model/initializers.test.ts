import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { silenceBanner } from '../quiet.ts'
import { randomStream } from '../random.ts'
import { draw, readInitializer } from './initializers.ts'
import { readModel } from './read.ts'

silenceBanner()

type Name = Parameters<typeof tf.layers.dense>[0]['kernelInitializer']

/** Values that TensorFlow.js and this engine draw for one kernel `[3, 3, 40, 60]`. */
function both(kernelInitializer: NonNullable<Name>): [Float32Array, Float32Array] {
  const layer = tf.layers.conv2d({ filters: 60, kernelSize: 3, kernelInitializer, inputShape: [4, 4, 40] })
  const model = tf.sequential({ layers: [layer, tf.layers.flatten()] })
  const [theirs] = model.getWeights()
  const kernel = readModel(model.toJSON(null, false)).parameters[0]
  if (theirs === undefined || kernel === undefined) throw new Error('no kernel')
  return [Float32Array.from(theirs.dataSync()), draw(kernel.initializer, theirs.size, randomStream(1, 'weights'))]
}

const std = (values: Float32Array): number => Math.sqrt(values.reduce((a, x) => a + x * x, 0) / values.length)
const largest = (values: Float32Array): number => values.reduce((a, x) => Math.max(a, Math.abs(x)), 0)

test.each<[string, NonNullable<Name>]>([
  ['glorotUniform', 'glorotUniform'],
  ['glorotNormal', 'glorotNormal'],
  ['heUniform', 'heUniform'],
  ['heNormal', 'heNormal'],
  ['leCunUniform', 'leCunUniform'],
  ['leCunNormal', 'leCunNormal'],
  ['zeros', 'zeros'],
  ['ones', 'ones'],
  ['constant', tf.initializers.constant({ value: 0.3 })],
  ['randomUniform', tf.initializers.randomUniform({ minval: -0.2, maxval: 0.2 })],
  ['randomNormal', tf.initializers.randomNormal({ mean: 0, stddev: 0.3 })],
  ['truncatedNormal', tf.initializers.truncatedNormal({ mean: 0, stddev: 0.3 })],
  ['varianceScaling', tf.initializers.varianceScaling({ scale: 3, mode: 'fanOut', distribution: 'uniform' })],
])('%s spreads as that of TensorFlow.js does', (name, initializer) => {
  const [theirs, ours] = both(initializer)
  expect(Math.abs(std(ours) - std(theirs))).toBeLessThanOrEqual(0.02 * std(theirs))
  if (name !== 'randomNormal')
    expect(Math.abs(largest(ours) - largest(theirs))).toBeLessThanOrEqual(0.02 * largest(theirs))
})

test('an unknown initializer is refused by name', () => {
  const read = (): unknown =>
    readInitializer({ class_name: 'Orthogonal', config: {} }, 'dense_1.kernel_initializer', [2, 2])
  expect(read).toThrow(EngineError)
  expect(read).toThrow(/dense_1.kernel_initializer: expected one of Zeros, .* got Orthogonal/)
})
