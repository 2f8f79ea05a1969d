import { EngineError } from '../errors.ts'
import type { Shape } from '../ir/graph.ts'
import { readFields } from '../layers/fields.ts'
import { normal, type Random, uniform } from '../random.ts'

/** How one parameter's first values are drawn. */
export type Initializer =
  | { readonly type: 'constant'; readonly value: number }
  | { readonly type: 'uniform'; readonly min: number; readonly max: number }
  | { readonly type: 'normal'; readonly mean: number; readonly std: number; readonly isTruncated: boolean }

const SUPPORTED =
  'Zeros, Ones, Constant, RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, Glorot*, He*, LeCun*'

/**
 * Reads the initializer of a parameter from a layers-model JSON. Variance scaling is that of TensorFlow.js: the variance is
 * `scale / fan`, drawn from a normal truncated at two standard deviations or from a uniform of that variance
 * (Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852). Like TensorFlow.js and unlike Keras ≥ 2.2.3, the truncated normal
 * is not rescaled, so its true variance is 0.774 of that.
 */
export function readInitializer(value: unknown, place: string, shape: Shape): Initializer {
  const fields = readFields(value, place)
  const name = fields.text('class_name')
  const config = readFields(fields.get('config') ?? {}, `${place}.config`)
  switch (name) {
    case 'Zeros':
      return { type: 'constant', value: 0 }
    case 'Ones':
      return { type: 'constant', value: 1 }
    case 'Constant':
      return { type: 'constant', value: config.number('value') }
    case 'RandomUniform':
      return { type: 'uniform', min: config.number('minval', -0.05), max: config.number('maxval', 0.05) }
    case 'RandomNormal':
    case 'TruncatedNormal': {
      const isTruncated = name === 'TruncatedNormal'
      return { type: 'normal', mean: config.number('mean', 0), std: config.number('stddev', 0.05), isTruncated }
    }
    case 'VarianceScaling': {
      const distribution = config.choice('distribution', ['normal', 'uniform', 'truncated_normal'] as const, 'normal')
      const mode = config.choice('mode', ['fan_in', 'fan_out', 'fan_avg'] as const, 'fan_in')
      return scaled(config.number('scale', 1), mode, distribution === 'uniform', shape)
    }
    default: {
      const named = NAMED.get(name)
      if (named === undefined) throw new EngineError('E_UNSUPPORTED', place, `one of ${SUPPORTED}`, name)
      return scaled(named.scale, named.mode, name.endsWith('Uniform'), shape)
    }
  }
}

/** Draws `count` values in row-major order. */
export function draw(initializer: Initializer, count: number, random: Random): Float32Array {
  const values = new Float32Array(count)
  switch (initializer.type) {
    case 'constant':
      return values.fill(initializer.value)
    case 'uniform':
      return values.map(() => initializer.min + (initializer.max - initializer.min) * uniform(random))
    case 'normal':
      return values.map(() => initializer.mean + initializer.std * standard(random, initializer.isTruncated))
  }
}

type FanMode = 'fan_in' | 'fan_out' | 'fan_avg'

const NAMED: ReadonlyMap<string, { readonly scale: number; readonly mode: FanMode }> = new Map([
  ['GlorotUniform', { scale: 1, mode: 'fan_avg' }],
  ['GlorotNormal', { scale: 1, mode: 'fan_avg' }],
  ['HeUniform', { scale: 2, mode: 'fan_in' }],
  ['HeNormal', { scale: 2, mode: 'fan_in' }],
  ['LeCunUniform', { scale: 1, mode: 'fan_in' }],
  ['LeCunNormal', { scale: 1, mode: 'fan_in' }],
])

function scaled(scale: number, mode: FanMode, isUniform: boolean, shape: Shape): Initializer {
  const receptiveField = shape.slice(0, -2).reduce((size, dim) => size * dim, 1)
  const fanIn = receptiveField * (shape.at(-2) ?? 1)
  const fanOut = receptiveField * (shape.at(-1) ?? 1)
  const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode]
  const variance = scale / Math.max(1, fan)
  const limit = Math.sqrt(3 * variance)
  if (isUniform) return { type: 'uniform', min: -limit, max: limit }
  return { type: 'normal', mean: 0, std: Math.sqrt(variance), isTruncated: true }
}

function standard(random: Random, isTruncated: boolean): number {
  let value = normal(random)
  while (isTruncated && Math.abs(value) > 2) value = normal(random)
  return value
}
