import { parametersOf, type WeightTensor } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'

const L = tf.layers

/** Two convolutions and a head; layers are named by the caller, or by TensorFlow.js. */
export const network = (classes: number, names: readonly string[] = []): tf.Sequential => {
  const named = (i: number): { name?: string } => (names[i] === undefined ? {} : { name: names[i] })
  return tf.sequential({
    layers: [
      L.conv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 3], ...named(0) }),
      L.batchNormalization(named(1)),
      L.conv2d({ filters: 4, kernelSize: 2, useBias: false, ...named(2) }),
      L.globalAveragePooling2d({}),
      L.dense({ units: classes, activation: 'softmax', ...named(3) }),
    ],
  })
}
export const NAMES = ['stem', 'norm', 'body', 'head']

/** Weights that tell their place, as a store has them: layers numbered by class. */
export async function storedOf(model: tf.LayersModel): Promise<WeightTensor[]> {
  return (await parametersOf(model)).map(({ name, shape }, i) => {
    const size = shape.reduce((product, side) => product * side, 1)
    return { name, shape, data: Float32Array.from({ length: size }, (_, j) => i + j / 100) }
  })
}
