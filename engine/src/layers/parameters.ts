import { EngineError } from '../errors.ts'
import type { Shape } from '../ir/graph.ts'
import { readInitializer } from '../model/initializers.ts'
import { type Fields, readFields, show } from './fields.ts'
import type { Parameter, Penalty } from './layer.ts'

/** Reads one parameter of a layer: `<role>_initializer`, `<role>_regularizer`, and that nothing constrains it. */
export function readParameter(
  name: string,
  fields: Fields,
  key: string,
  shape: Shape,
  { saved = key, initializer = 'GlorotNormal' }: { readonly saved?: string; readonly initializer?: string } = {},
): Parameter {
  fields.only({ [`${key}_constraint`]: null })
  const given = fields.get(`${key}_initializer`) ?? { class_name: initializer, config: {} }
  return {
    name: `${name}/${saved}`,
    shape,
    initializer: readInitializer(given, `${name}.${key}_initializer`, shape),
    role: fields.flag('trainable', true) ? 'trained' : 'fixed',
    penalty: readPenalty(fields.get(`${key}_regularizer`), `${name}.${key}_regularizer`),
  }
}

/** The parameters of a layer whose last kernel axis is its outputs. */
export function kernelAndBias(name: string, fields: Fields, shape: Shape): Parameter[] {
  const kernel = readParameter(name, fields, 'kernel', shape)
  return [kernel, ...readBias(name, fields, shape.at(-1) ?? 1)]
}

/** The bias of `size` outputs, or nothing with `use_bias: false`. */
export function readBias(name: string, fields: Fields, size: number): Parameter[] {
  fields.only({ activity_regularizer: null })
  return fields.flag('use_bias', true) ? [readParameter(name, fields, 'bias', [size], { initializer: 'Zeros' })] : []
}

/** `tf.regularizers.l1`, `l2` or `l1l2`; none is null. TensorFlow.js adds `l2 · Σw²`, without a half. */
function readPenalty(given: unknown, place: string): Penalty | null {
  if (given === undefined || given === null) return null
  const fields = readFields(given, place)
  const type = fields.text('class_name')
  if (type !== 'L1L2') throw new EngineError('E_UNSUPPORTED', place, 'L1L2, or none', show(type))
  const config = readFields(fields.get('config') ?? {}, `${place}.config`)
  const penalty = { l1: config.number('l1', 0), l2: config.number('l2', 0) }
  return penalty.l1 === 0 && penalty.l2 === 0 ? null : penalty
}
