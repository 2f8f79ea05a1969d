import { EngineError } from '../errors.ts'
import { minus, over, plus, sqrt, times } from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { batchNorm } from '../ir/norm.ts'
import { constant, filled } from '../ir/shape.ts'
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
      const scale = (gamma.length > 0 ? parameters[0] : undefined) ?? filled(g, shape, 1)
      const offset = (beta.length > 0 ? parameters[gamma.length] : undefined) ?? filled(g, shape, 0)
      if (training === null || !isTrained) {
        // One factor and one offset per channel: the image is read twice, not four times.
        const factor = over(g, scale, sqrt(g, plus(g, variance, constant(g, [], [epsilon]))))
        return plus(g, times(g, x, factor), minus(g, offset, times(g, mean, factor)))
      }
      const batch = batchNorm(g, x, scale, offset, epsilon)
      training.update(mean, follow(g, mean, batch.mean, momentum))
      training.update(variance, follow(g, variance, batch.variance, momentum))
      return batch.output
    },
  }
}

/** A moving average: momentum · old + (1 − momentum) · new. */
const follow = (g: Graph, old: Value, value: Value, momentum: number): Value =>
  plus(g, times(g, old, constant(g, [], [momentum])), times(g, value, constant(g, [], [1 - momentum])))
