import { EngineError } from '../errors.ts'
import { times } from '../ir/elementwise.ts'
import { constant } from '../ir/shape.ts'
import type { LayerReader } from './layer.ts'

/**
 * `tf.layers.dropout`, inverted (Srivastava et al. 2014): while training, a number is zero with probability `rate`, else divided by
 * 1 − rate. The layer's own `seed` has no effect: masks follow the trial's seed.
 */
export const dropout: LayerReader = (name, fields, inputShape) => {
  fields.only({ noise_shape: null })
  const rate = fields.number('rate')
  if (rate < 0 || rate >= 1) throw new EngineError('E_MODEL', `${name}.rate`, 'a number 0 ≤ x < 1', `${rate}`)
  return {
    name,
    outputShape: inputShape,
    parameters: [],
    build(g, x, _, { mask }) {
      if (mask === null || rate === 0) return x
      return times(g, times(g, x, mask(name, x.shape, 1 - rate)), constant(g, [], [1 / (1 - rate)]))
    },
  }
}
