import { EngineError } from '../errors.ts'
import { minus, over, plus, sqrt, times } from '../ir/elementwise.ts'
import { type Graph, sizeOf, type Value } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { constant } from '../ir/shape.ts'
import type { OneInputReader, Parameter } from './layer.ts'
import { readParameter } from './parameters.ts'

/**
 * `tf.layers.batchNormalization` over the last axis (Ioffe & Szegedy 2015, arXiv:1502.03167). While training, each channel is normalised by
 * the mean and the variance of the batch (divided by the count, as TensorFlow.js does), and the moving averages follow; else by these. With
 * `trainable: false` it uses the moving averages also while training, as Keras does.
 */
export const batchNormalization: OneInputReader = (name, fields, inputShape) => {
  const axis = fields.number('axis', -1)
  if (axis !== -1 && axis !== inputShape.length)
    throw new EngineError('E_UNSUPPORTED', `${name}.axis`, `the last axis (-1 or ${inputShape.length})`, `${axis}`)
  const epsilon = fields.number('epsilon', 1e-3)
  const momentum = fields.number('momentum', 0.99)
  const shape = inputShape.slice(-1)
  const isTrained = fields.flag('trainable', true)
  const own = (key: string, initializer: string): Parameter => readParameter(name, fields, key, shape, { initializer })
  const statistic = (key: string, initializer: string): Parameter => ({
    ...own(key, initializer),
    role: isTrained ? 'statistic' : 'fixed',
  })
  const gamma = fields.flag('scale', true) ? [own('gamma', 'Ones')] : []
  const beta = fields.flag('center', true) ? [own('beta', 'Zeros')] : []
  return {
    name,
    outputShape: inputShape,
    parameters: [...gamma, ...beta, statistic('moving_mean', 'Zeros'), statistic('moving_variance', 'Ones')],
    build(g, x, parameters, training) {
      const [mean, variance] = parameters.slice(-2)
      if (mean === undefined || variance === undefined) throw new Error(`${name}: no moving averages`)
      const factor = gamma.length > 0 ? parameters[0] : undefined
      const offset = beta.length > 0 ? parameters[gamma.length] : undefined
      if (training === null || !isTrained) return normalised(g, minus(g, x, mean), variance)
      const batchMean = meanOf(g, x)
      const centred = minus(g, x, batchMean)
      const batchVariance = meanOf(g, times(g, centred, centred))
      training.update(mean, follow(g, mean, batchMean, momentum))
      training.update(variance, follow(g, variance, batchVariance, momentum))
      return normalised(g, centred, batchVariance)

      function normalised(graph: Graph, difference: Value, spread: Value): Value {
        const deviation = sqrt(graph, plus(graph, spread, constant(graph, [], [epsilon])))
        const one = factor ?? constant(graph, shape, new Array<number>(sizeOf(shape)).fill(1))
        const scaled = times(graph, difference, over(graph, one, deviation))
        return offset === undefined ? scaled : plus(graph, scaled, offset)
      }
    },
  }
}

/** Mean over all axes but the last. */
function meanOf(g: Graph, x: Value): Value {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis)
  const count = sizeOf(x.shape.slice(0, -1))
  return times(g, sum(g, x, axes), constant(g, [], [1 / count]))
}

/** A moving average: momentum · old + (1 − momentum) · new. */
const follow = (g: Graph, old: Value, value: Value, momentum: number): Value =>
  plus(g, times(g, old, constant(g, [], [momentum])), times(g, value, constant(g, [], [1 - momentum])))
