import * as v from 'valibot'
import { ProtocolError, show } from './error.ts'
import { MAX_FIELDS, MAX_NAME_LENGTH, MAX_VALUES_PER_KEY } from './limits.ts'

const FieldKey = v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'capital letters, digits and underscores'))
const FieldValue = v.union([
  v.pipe(v.number(), v.finite()),
  v.pipe(v.array(v.pipe(v.number(), v.finite())), v.maxLength(MAX_VALUES_PER_KEY)),
])

/** One hyperparameter of a notebook: what the page draws as a field. `list` fields span the grid. `default` null: left open. */
export const Field = v.object({
  key: FieldKey,
  type: v.picklist(['integer', 'float']),
  list: v.boolean(),
  min: v.pipe(v.number(), v.finite()),
  max: v.pipe(v.number(), v.finite()),
  default: v.nullable(FieldValue),
  about: v.pipe(v.string(), v.maxLength(400)),
})
export type Field = v.InferOutput<typeof Field>
export const Fields = v.pipe(v.array(Field), v.minLength(1), v.maxLength(MAX_FIELDS))

/** Current values of a notebook, by key; null only for an optional key that is left open (SEED). */
export const Config = v.record(v.pipe(v.string(), v.maxLength(MAX_NAME_LENGTH)), v.nullable(FieldValue))
export type Config = v.InferOutput<typeof Config>

/** What a notebook declares for a key beyond the well-known ones. */
export interface FieldDeclaration {
  readonly type?: 'integer' | 'float'
  readonly min?: number
  readonly max?: number
  readonly default: number | readonly number[]
  readonly about?: string
}
export type Hyperparameters = Readonly<Record<string, number | readonly number[] | FieldDeclaration>>

type Known = Pick<Field, 'type' | 'min' | 'max' | 'about'>
const KNOWN: Readonly<Record<string, Known>> = {
  EPOCHS: { type: 'integer', min: 1, max: 10_000, about: 'How often each trial sees every training image.' },
  BATCH_SIZE: {
    type: 'integer',
    min: 1,
    max: 65_536,
    about: 'How many images are looked at before the weights change once.',
  },
  LEARNING_RATE: { type: 'float', min: 1e-12, max: 10, about: 'How big each change of the weights is.' },
  KERNEL_SIZE: { type: 'integer', min: 1, max: 31, about: 'Side of the square, in pixels, that a filter looks at.' },
  NUM_FILTERS: { type: 'integer', min: 1, max: 4096, about: 'How many patterns each convolution looks for.' },
  DENSE_WIDTH: { type: 'integer', min: 1, max: 65_536, about: 'How many units the layer before the answer has.' },
  PATIENCE: {
    type: 'integer',
    min: 0,
    max: 10_000,
    about:
      'Training ends after this many epochs that bring nothing new, and the best one is kept; 0: it never ends early.',
  },
}

/** Accepted by every notebook. Left open, the store draws one for each job and records it. */
export const SEED_FIELD: Field = {
  key: 'SEED',
  type: 'integer',
  list: false,
  min: 0,
  max: 2 ** 32 - 1,
  default: null,
  about: 'Where chance starts: the same seed gives the same weights. Left empty, each job draws its own.',
}

const isDeclaration = (value: Hyperparameters[string]): value is FieldDeclaration =>
  typeof value === 'object' && !Array.isArray(value)

/**
 * The schema of a notebook from its `CONF_OBJ`: a number gives a single value, a list gives a list, an object declares all.
 * SEED is always there. Throws ProtocolError E_FIELDS for a bad key or a default outside its range.
 */
export function fieldsOf(hyperparameters: Hyperparameters): Field[] {
  const fields = Object.entries(hyperparameters).map(([key, declared]): Field => {
    const declaration: FieldDeclaration = isDeclaration(declared)
      ? declared
      : { default: declared as number | readonly number[] }
    const known = KNOWN[key]
    const values = [declaration.default].flat()
    const field: Field = {
      key,
      type: declaration.type ?? known?.type ?? (values.every(Number.isInteger) ? 'integer' : 'float'),
      list: Array.isArray(declaration.default),
      min: declaration.min ?? known?.min ?? -1e9,
      max: declaration.max ?? known?.max ?? 1e9,
      default: Array.isArray(declaration.default) ? [...declaration.default] : (declaration.default as number),
      about: declaration.about ?? known?.about ?? '',
    }
    const result = v.safeParse(Field, field)
    if (!result.success)
      throw new ProtocolError('E_FIELDS', key, result.issues[0].message, show(result.issues[0].input))
    return { ...field, default: checkValue(field, field.default, 'E_FIELDS') }
  })
  return fields.some((field) => field.key === SEED_FIELD.key) ? fields : [...fields, SEED_FIELD]
}

const wanted = (field: Field): string =>
  `${field.type === 'integer' ? 'an integer' : 'a number'} from ${field.min} to ${field.max}`

function checkNumber(field: Field, value: unknown, at: string, code: 'E_CONFIG' | 'E_FIELDS'): number {
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value >= field.min &&
    value <= field.max &&
    (field.type === 'float' || Number.isInteger(value))
  if (!fits) throw new ProtocolError(code, at, wanted(field), show(value))
  return value
}

/**
 * A value that fits the field. A single number where a list is meant is a list of one; equal entries collapse.
 * Throws ProtocolError with the key, what was expected and what came.
 */
export function checkValue(field: Field, value: unknown, code: 'E_CONFIG' | 'E_FIELDS' = 'E_CONFIG'): Config[string] {
  if (value === null && field.default === null) return null
  if (!field.list) return checkNumber(field, value, field.key, code)
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new ProtocolError(code, field.key, `a list of ${wanted(field)}`, 'an empty list')
  if (values.length > MAX_VALUES_PER_KEY)
    throw new ProtocolError(code, field.key, `at most ${MAX_VALUES_PER_KEY} values`, `${values.length}`)
  const one = values.length === 1 && !Array.isArray(value)
  return [...new Set(values.map((item, i) => checkNumber(field, item, one ? field.key : `${field.key}[${i}]`, code)))]
}
