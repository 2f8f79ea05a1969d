import { EngineError } from '../errors.ts'
import { times } from '../ir/elementwise.ts'
import type { Shape } from '../ir/graph.ts'
import { expand } from '../ir/linear.ts'
import { constant } from '../ir/shape.ts'
import { type Fields, show } from './fields.ts'
import type { OneInputReader } from './layer.ts'

/**
 * `tf.layers.dropout`, inverted (Srivastava et al. 2014): while training, a number is zero with probability `rate`, else divided by
 * 1 − rate. `noiseShape` says along which axes one draw counts for all: `[null, 1, 1, channels]` is spatial dropout, which drops whole
 * channels (Tompson et al. 2015, arXiv:1411.4280). The layer's own `seed` has no effect: masks follow the trial's seed.
 */
export const dropout: OneInputReader = (name, fields, inputShape) => {
  const rate = fields.number('rate')
  if (rate < 0 || rate >= 1) throw new EngineError('E_MODEL', `${name}.rate`, 'a number 0 ≤ x < 1', `${rate}`)
  const noise = readNoiseShape(name, fields, inputShape)
  return {
    name,
    outputShape: inputShape,
    parameters: [],
    build(g, x, _, training) {
      if (training === null || rate === 0) return x
      const mask = training.mask(name, [x.shape[0] ?? 1, ...noise], 1 - rate)
      const whole = `${noise}` === `${inputShape}` ? mask : expand(g, mask, x.shape)
      return times(g, times(g, x, whole), constant(g, [], [1 / (1 - rate)]))
    },
  }
}

/** The shape of the mask of one sample; by default that of the sample. */
function readNoiseShape(name: string, fields: Fields, inputShape: Shape): Shape {
  const given = fields.get('noise_shape')
  if (given === undefined) return inputShape
  const [, ...rest] = Array.isArray(given) ? given : []
  const isFitting =
    Array.isArray(given) &&
    rest.length === inputShape.length &&
    rest.every((dim, axis) => dim === 1 || dim === null || dim === inputShape[axis])
  if (!isFitting)
    throw new EngineError(
      'E_MODEL',
      `${name}.noise_shape`,
      `[null, …] with 1 or the size of each axis of [${inputShape}]`,
      show(given),
    )
  return rest.map((dim, axis) => (dim === 1 ? 1 : (inputShape[axis] ?? 1)))
}
