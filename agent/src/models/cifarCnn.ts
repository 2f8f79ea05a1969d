import * as tf from '@tensorflow/tfjs'
import { type NetworkOptions, readNetwork, requireInteger } from './options.ts'

export interface CifarCnnOptions extends NetworkOptions {
  /** Side of each filter, in pixels; default 3. */
  readonly kernelSize?: number
  /** Filters of each convolution; default 20. */
  readonly filters?: number
  /** Width of the dense layer; default 128. */
  readonly denseWidth?: number
}

/** The notebook's small network: convolution and pooling, twice, then a dense layer. 169,438 parameters for CIFAR-10. */
export function cifarCnn(options: CifarCnnOptions): tf.Sequential {
  const { inputShape, classCount } = readNetwork('cifarCnn', options)
  const { kernelSize = 3, filters = 20, denseWidth = 128 } = options
  for (const [key, value] of Object.entries({ kernelSize, filters, denseWidth }))
    requireInteger(`models.cifarCnn: ${key}`, value, 1, 4096)
  const convolution = { filters, kernelSize, padding: 'same', activation: 'relu' } as const
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ ...convolution, inputShape }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.conv2d(convolution),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: denseWidth, activation: 'relu' }),
      tf.layers.dense({ units: classCount, activation: 'softmax' }),
    ],
  })
}
