import { EngineError } from '../errors.ts'
import { erf, minus, plus, relu, relu6, sigmoid, softplus, tanh, times } from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { softmax } from '../ir/loss.ts'
import { constant } from '../ir/shape.ts'
import type { Fields } from './fields.ts'
import type { OneInputReader } from './layer.ts'

const scalar = (g: Graph, value: number): Value => constant(g, [], [value])

/** min(max(x, 0), limit); null for no limit */
const limitedRelu = (g: Graph, x: Value, limit: number | null): Value => {
  if (limit === 6) return relu6(g, x)
  const positive = relu(g, x)
  if (limit === null) return positive
  return minus(g, positive, relu(g, minus(g, positive, scalar(g, limit))))
}

/** x where x > 0, else alpha · x (Maas et al. 2013). */
const leaky = (g: Graph, x: Value, alpha: number): Value =>
  plus(g, times(g, relu(g, x), scalar(g, 1 - alpha)), times(g, x, scalar(g, alpha)))

/** x · Φ(x), with the normal distribution's Φ (Hendrycks & Gimpel 2016, arXiv:1606.08415). */
function gelu(g: Graph, x: Value): Value {
  const half = scalar(g, 0.5)
  const phi = plus(g, times(g, erf(g, times(g, x, scalar(g, Math.SQRT1_2))), half), half)
  return times(g, x, phi)
}

/** Gelu's approximation by tanh, from the same paper. */
function geluNew(g: Graph, x: Value): Value {
  const cubed = times(g, times(g, times(g, x, x), x), scalar(g, 0.044715))
  const inner = times(g, plus(g, x, cubed), scalar(g, Math.sqrt(2 / Math.PI)))
  const half = scalar(g, 0.5)
  return times(g, x, plus(g, times(g, tanh(g, inner), half), half))
}

/** Activations by the name that TensorFlow.js gives them. Add a row to support another. */
const ACTIVATIONS = {
  linear: (_: Graph, x: Value): Value => x,
  relu,
  relu6,
  sigmoid,
  tanh,
  softplus,
  /** x · sigmoid(x) (Ramachandran et al. 2017, arXiv:1710.05941). */
  swish: (g: Graph, x: Value): Value => times(g, x, sigmoid(g, x)),
  gelu,
  gelu_new: geluNew,
  softmax,
} as const

type Name = keyof typeof ACTIVATIONS

const NAMES = Object.keys(ACTIVATIONS).filter((name): name is Name => name in ACTIVATIONS)

/** Reads the `activation` of a layer; none is linear. */
export const readActivation = (fields: Fields): ((g: Graph, x: Value) => Value) =>
  ACTIVATIONS[fields.choice('activation', NAMES, 'linear')]

/** `tf.layers.activation` */
export const activation: OneInputReader = (name, fields, inputShape) => {
  const apply = readActivation(fields)
  return { name, outputShape: inputShape, parameters: [], build: apply }
}

/** `tf.layers.reLU`, with `maxValue` where given. */
export const reLU: OneInputReader = (name, fields, inputShape) => {
  const limit = fields.get('max_value') === undefined ? null : fields.number('max_value')
  if (limit !== null && limit <= 0) throw new EngineError('E_MODEL', `${name}.max_value`, 'a number > 0', `${limit}`)
  const build = (g: Graph, x: Value): Value => limitedRelu(g, x, limit)
  return { name, outputShape: inputShape, parameters: [], build }
}

/** `tf.layers.leakyReLU` */
export const leakyReLU: OneInputReader = (name, fields, inputShape) => {
  const alpha = fields.number('alpha', 0.3)
  return { name, outputShape: inputShape, parameters: [], build: (g, x) => leaky(g, x, alpha) }
}

/** `tf.layers.softmax`, over the last axis only */
export const softmaxLayer: OneInputReader = (name, fields, inputShape) => {
  const axis = fields.number('axis', -1)
  if (axis !== -1 && axis !== inputShape.length)
    throw new EngineError('E_UNSUPPORTED', `${name}.axis`, `the last axis (-1 or ${inputShape.length})`, `${axis}`)
  return { name, outputShape: inputShape, parameters: [], build: softmax }
}
