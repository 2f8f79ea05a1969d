import { EngineError } from '../errors.ts'
import { over, plus, sqrt, times } from '../ir/elementwise.ts'
import { sizeOf } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { constant, pad, reshape } from '../ir/shape.ts'
import { show } from './fields.ts'
import { imageShape } from './images.ts'
import type { OneInputReader } from './layer.ts'

/** `tf.layers.flatten` */
export const flatten: OneInputReader = (name, _, inputShape) => {
  const size = sizeOf(inputShape)
  return { name, outputShape: [size], parameters: [], build: (g, x) => reshape(g, x, [x.shape[0] ?? 1, size]) }
}

/** `tf.layers.reshape`; one size may be −1 or null, for what is left. */
export const reshapeLayer: OneInputReader = (name, fields, inputShape) => {
  const given = fields.get('target_shape')
  const dims: readonly unknown[] = Array.isArray(given) ? given : []
  const isKnown = (dim: unknown): dim is number => typeof dim === 'number' && Number.isInteger(dim) && dim > 0
  const known = dims.filter(isKnown)
  const left = sizeOf(inputShape) / sizeOf(known)
  const outputShape = dims.map((dim) => (isKnown(dim) ? dim : left))
  if (dims.length === 0 || dims.length - known.length > 1 || sizeOf(outputShape) !== sizeOf(inputShape))
    throw new EngineError('E_MODEL', `${name}.target_shape`, `${sizeOf(inputShape)} numbers`, show(given))
  return { name, outputShape, parameters: [], build: (g, x) => reshape(g, x, [x.shape[0] ?? 1, ...outputShape]) }
}

/** `tf.layers.zeroPadding2d` */
export const zeroPadding2d: OneInputReader = (name, fields, inputShape) => {
  const [height, width, channels] = imageShape(name, inputShape)
  const given = fields.get('padding')
  const sides = JSON.stringify(given)
    ?.match(/^\[\[(\d+),(\d+)\],\[(\d+),(\d+)\]\]$/)
    ?.slice(1)
    .map(Number)
  const [top, bottom, left, right] = sides ?? []
  if (top === undefined || bottom === undefined || left === undefined || right === undefined)
    throw new EngineError('E_MODEL', `${name}.padding`, '[[top, bottom], [left, right]]', show(given))
  return {
    name,
    outputShape: [top + height + bottom, left + width + right, channels],
    parameters: [],
    build: (g, x) => pad(g, pad(g, x, 1, top, bottom), 2, left, right),
  }
}

/** `tf.layers.rescaling`: x · scale + offset */
export const rescaling: OneInputReader = (name, fields, inputShape) => {
  const [scale, offset] = [fields.number('scale'), fields.number('offset', 0)]
  return {
    name,
    outputShape: inputShape,
    parameters: [],
    build(g, x) {
      const scaled = times(g, x, constant(g, [], [scale]))
      return offset === 0 ? scaled : plus(g, scaled, constant(g, [], [offset]))
    },
  }
}

/** Under the root of a length, so that the gradient of a zero vector is finite. */
const TINY = 1e-12

/** `l2Normalize()`: divides the last axis by its Euclidean length. TensorFlow.js has no such layer; this package registers one. */
export const l2NormalizeLayer: OneInputReader = (name, _, inputShape) => ({
  name,
  outputShape: inputShape,
  parameters: [],
  build(g, x) {
    const squares = sum(g, times(g, x, x), [x.shape.length - 1])
    const length = sqrt(g, plus(g, squares, constant(g, [], [TINY])))
    return over(g, x, reshape(g, length, [...x.shape.slice(0, -1), 1]))
  },
})
