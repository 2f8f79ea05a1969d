import * as tf from '@tensorflow/tfjs'
import { apply } from './models.ts'

/** Squeeze-and-excitation in the order of EfficientNet: the gate of `[1, 1, channels]` comes second, then first, and two gates meet. */
export function gatedModel(): tf.LayersModel {
  const inputs = tf.input({ shape: [5, 4, 3] })
  const x = apply(tf.layers.conv2d({ filters: 4, kernelSize: 2, activation: 'swish' as 'relu' }), inputs)
  const gate = (): tf.SymbolicTensor => {
    const mean = apply(tf.layers.reshape({ targetShape: [1, 1, 4] }), apply(tf.layers.globalAveragePooling2d({}), x))
    return apply(tf.layers.conv2d({ filters: 4, kernelSize: 1, activation: 'sigmoid' }), mean)
  }
  const gated = apply(tf.layers.multiply(), [x, gate()])
  const again = apply(tf.layers.multiply(), [gate(), gated])
  const row = apply(tf.layers.averagePooling2d({ poolSize: [4, 1] }), again)
  const column = apply(tf.layers.averagePooling2d({ poolSize: [1, 3] }), again)
  const crossed = apply(tf.layers.add(), [row, column])
  return tf.model({
    inputs,
    outputs: apply(tf.layers.dense({ units: 3, activation: 'softmax' }), apply(tf.layers.flatten(), crossed)),
  })
}
