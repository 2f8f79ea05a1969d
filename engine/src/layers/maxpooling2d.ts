import { maxPool } from '../ir/pool.ts'
import { windowsOf } from '../ir/windows.ts'
import { imageShape, refuseEmpty } from './conv2d.ts'
import type { LayerReader } from './layer.ts'

/** `tf.layers.maxPooling2d`: any pool size and stride, padding 'valid' or 'same'. */
export const maxPooling2d: LayerReader = (name, fields, inputShape) => {
  const [height, width, channels] = imageShape(name, inputShape)
  const size = fields.pair('pool_size', [2, 2])
  const padding = fields.choice('padding', ['valid', 'same'], 'valid')
  const windows = windowsOf([height, width], size, fields.pair('strides', size), padding)
  const outputShape = [windows.outputHeight, windows.outputWidth, channels]
  refuseEmpty(name, inputShape, outputShape)
  return { name, outputShape, parameters: [], build: (g, x) => maxPool(g, x, windows) }
}
