import { EngineError } from '../errors.ts'
import { relu } from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { softmax } from '../ir/loss.ts'
import type { Fields } from './fields.ts'
import type { LayerReader } from './layer.ts'

/** Activations by the name TensorFlow.js gives them. Add a row to support another. */
const ACTIVATIONS = {
  linear: (_: Graph, x: Value): Value => x,
  relu,
  softmax,
} as const

const NAMES = ['linear', 'relu', 'softmax'] as const satisfies readonly (keyof typeof ACTIVATIONS)[]

/** Reads the `activation` of a layer; none is linear. */
export const readActivation = (fields: Fields): ((g: Graph, x: Value) => Value) =>
  ACTIVATIONS[fields.choice('activation', NAMES, 'linear')]

/** `tf.layers.activation` */
export const activation: LayerReader = (name, fields, inputShape) => {
  const apply = readActivation(fields)
  return { name, outputShape: inputShape, parameters: [], build: (g, x) => apply(g, x) }
}

/** `tf.layers.reLU` */
export const reLU: LayerReader = (name, fields, inputShape) => {
  fields.only({ max_value: null })
  return { name, outputShape: inputShape, parameters: [], build: (g, x) => relu(g, x) }
}

/** `tf.layers.softmax`, over the last axis only */
export const softmaxLayer: LayerReader = (name, fields, inputShape) => {
  const axis = fields.number('axis', -1)
  if (axis !== -1 && axis !== inputShape.length)
    throw new EngineError('E_UNSUPPORTED', `${name}.axis`, `the last axis (-1 or ${inputShape.length})`, `${axis}`)
  return { name, outputShape: inputShape, parameters: [], build: (g, x) => softmax(g, x) }
}
