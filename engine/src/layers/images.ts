import { EngineError } from '../errors.ts'
import type { Shape } from '../ir/graph.ts'
import { type Padding, type Windows, windowsOf } from '../ir/windows.ts'
import { type Fields, isSize } from './fields.ts'

/** Checks that what comes in is an image `[height, width, channels]`. */
export function imageShape(name: string, shape: Shape): readonly [number, number, number] {
  const [height, width, channels] = shape
  if (shape.length === 3 && height !== undefined && width !== undefined && channels !== undefined)
    return [height, width, channels]
  throw new EngineError('E_MODEL', name, 'images [height, width, channels] from the layer before', `[${shape}]`)
}

/** The windows of a layer on images of `inputShape`. Refuses a window larger than its image. */
export function readWindows(
  name: string,
  fields: Fields,
  inputShape: Shape,
  size: readonly [number, number],
  strides: readonly [number, number],
): Windows {
  const [height, width] = imageShape(name, inputShape)
  const padding: Padding = fields.choice('padding', ['valid', 'same'], 'valid')
  const windows = windowsOf([height, width], size, strides, padding, fields.pair('dilation_rate', [1, 1]))
  if (windows.outputHeight > 0 && windows.outputWidth > 0) return windows
  throw new EngineError('E_MODEL', name, 'an image at least as large as the window', `[${inputShape}]`)
}

/** A positive integer of a layer's options. */
export function readSize(name: string, fields: Fields, key: string, whenMissing?: number): number {
  const size = fields.number(key, whenMissing)
  if (!isSize(size)) throw new EngineError('E_MODEL', `${name}.${key}`, 'a positive integer', `${size}`)
  return size
}
