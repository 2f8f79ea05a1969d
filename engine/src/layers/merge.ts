import { EngineError } from '../errors.ts'
import { plus, times } from '../ir/elementwise.ts'
import { type Graph, type Shape, sameShape, type Value } from '../ir/graph.ts'
import { concat } from '../ir/shape.ts'
import type { LayerReader } from './layer.ts'

/** A layer that joins inputs of one shape, two by two. */
const joining =
  (join: (g: Graph, a: Value, b: Value) => Value): LayerReader =>
  (name, _, inputShapes) => {
    const outputShape = firstOf(name, inputShapes)
    const odd = inputShapes.find((shape) => !sameShape(shape, outputShape))
    if (odd !== undefined)
      throw new EngineError('E_UNSUPPORTED', name, `inputs of one shape, [${outputShape}]`, `[${odd}]`)
    return { name, outputShape, parameters: [], build: (g, inputs) => inputs.reduce((a, b) => join(g, a, b)) }
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
