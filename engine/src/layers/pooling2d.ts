import { avgPool } from '../ir/avgpool.ts'
import { times } from '../ir/elementwise.ts'
import { sizeOf } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { maxPool } from '../ir/pool.ts'
import { constant, reshape } from '../ir/shape.ts'
import { windowsOf } from '../ir/windows.ts'
import { imageShape, readWindows } from './images.ts'
import type { OneInputReader } from './layer.ts'

const pooling =
  (pool: typeof maxPool): OneInputReader =>
  (name, fields, inputShape) => {
    const [, , channels] = imageShape(name, inputShape)
    const size = fields.pair('pool_size', [2, 2])
    const windows = readWindows(name, fields, inputShape, size, fields.pair('strides', size))
    const outputShape = [windows.outputHeight, windows.outputWidth, channels]
    return { name, outputShape, parameters: [], build: (g, x) => pool(g, x, windows) }
  }

/** `tf.layers.maxPooling2d`: any pool size and stride, padding 'valid' or 'same'. */
export const maxPooling2d = pooling(maxPool)

/** `tf.layers.averagePooling2d`: likewise; what is padded does not count. */
export const averagePooling2d = pooling(avgPool)

/** `tf.layers.globalAveragePooling2d` */
export const globalAveragePooling2d: OneInputReader = (name, _, inputShape) => {
  const [height, width, channels] = imageShape(name, inputShape)
  return {
    name,
    outputShape: [channels],
    parameters: [],
    build: (g, x) => times(g, sum(g, x, [1, 2]), constant(g, [], [1 / (height * width)])),
  }
}

/** `tf.layers.globalMaxPooling2d` */
export const globalMaxPooling2d: OneInputReader = (name, _, inputShape) => {
  const [height, width, channels] = imageShape(name, inputShape)
  const whole = windowsOf([height, width], [height, width], [1, 1], 'valid')
  return {
    name,
    outputShape: [channels],
    parameters: [],
    build: (g, x) => reshape(g, maxPool(g, x, whole), [sizeOf(x.shape) / (height * width * channels), channels]),
  }
}
