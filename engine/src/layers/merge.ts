import { EngineError } from '../errors.ts'
import { plus, times } from '../ir/elementwise.ts'
import type { Graph, Shape, Value } from '../ir/graph.ts'
import { broadcasts, expand } from '../ir/linear.ts'
import { concat } from '../ir/shape.ts'
import type { LayerReader } from './layer.ts'

/**
 * A layer that joins inputs, two by two, in any order. An axis of size one is repeated, as a gate of `[1, 1, channels]` is over an image
 * in squeeze-and-excitation (Hu et al. 2018, arXiv:1709.01507).
 */
const joining =
  (join: (g: Graph, a: Value, b: Value) => Value): LayerReader =>
  (name, _, inputShapes) => {
    const first = firstOf(name, inputShapes)
    const outputShape = first.map((_, axis) => Math.max(...inputShapes.map((shape) => shape[axis] ?? 1)))
    const odd = inputShapes.find((shape) => shape.length !== first.length || !broadcasts(shape, outputShape))
    if (odd !== undefined)
      throw new EngineError('E_UNSUPPORTED', name, `inputs like [${outputShape}], or 1 in its axes`, `[${odd}]`)
    return {
      name,
      outputShape,
      parameters: [],
      build: (g, inputs) => inputs.reduce((a, b) => joinTwo(g, join, a, b)),
    }
  }

/** The larger first, as ops want it; where neither is, `a` is repeated. */
function joinTwo(g: Graph, join: (g: Graph, a: Value, b: Value) => Value, a: Value, b: Value): Value {
  if (broadcasts(b.shape, a.shape)) return join(g, a, b)
  if (broadcasts(a.shape, b.shape)) return join(g, b, a)
  const both = a.shape.map((dim, axis) => Math.max(dim, b.shape[axis] ?? 1))
  return join(g, expand(g, a, both), b)
}

/** `tf.layers.add` */
export const add = joining(plus)

/** `tf.layers.multiply` */
export const multiply = joining(times)

/** `tf.layers.concatenate`, along any axis but the batch's. */
export const concatenate: LayerReader = (name, fields, inputShapes) => {
  const first = firstOf(name, inputShapes)
  const given = fields.number('axis', -1)
  // Axes count the batch's; negative ones from the end.
  const axis = given < 0 ? first.length + given : given - 1
  if (!(axis >= 0 && axis < first.length))
    throw new EngineError('E_MODEL', `${name}.axis`, `an axis of [batch,${first}] after the first`, `${given}`)
  const rest = (shape: Shape): string => `${shape.filter((_, i) => i !== axis)}`
  const odd = inputShapes.find((shape) => shape.length !== first.length || rest(shape) !== rest(first))
  if (odd !== undefined)
    throw new EngineError('E_MODEL', name, `inputs like [${first}] but for axis ${given}`, `[${odd}]`)
  const total = inputShapes.reduce((size, shape) => size + (shape[axis] ?? 0), 0)
  const outputShape = first.map((dim, i) => (i === axis ? total : dim))
  return { name, outputShape, parameters: [], build: (g, inputs) => concat(g, inputs, axis + 1) }
}

function firstOf(name: string, inputShapes: readonly Shape[]): Shape {
  const [first] = inputShapes
  if (first === undefined || inputShapes.length < 2)
    throw new EngineError('E_MODEL', name, 'at least two inputs', `${inputShapes.length}`)
  return first
}
