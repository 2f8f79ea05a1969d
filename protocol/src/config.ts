import { ProtocolError, show } from './error.ts'
import { type Config, checkValue, type Field } from './fields.ts'
import { MAX_TRIALS } from './limits.ts'

/** The hyperparameters of one trial. SEED is not among them: it belongs to the job. */
export type Params = Readonly<Record<string, number>>

export const defaultConfig = (fields: readonly Field[]): Config =>
  Object.fromEntries(fields.map((field) => [field.key, field.default]))

export interface ResolvedConfig {
  /** All keys of the schema, in its order. */
  readonly config: Config
  /** Keys whose value is another than before. */
  readonly changed: readonly string[]
  /** Keys that the notebook does not know. */
  readonly ignored: readonly string[]
  readonly trials: number
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * What a drop makes of the current values. Keys it omits stay; unknown keys are named, never silent; one wrong value refuses
 * the whole drop. Throws ProtocolError E_CONFIG (place, expected, got) or E_GRID above 10,000 trials.
 */
export function resolveConfig(fields: readonly Field[], current: Config, dropped: unknown): ResolvedConfig {
  if (typeof dropped !== 'object' || dropped === null || Array.isArray(dropped))
    throw new ProtocolError('E_CONFIG', '', 'a JSON object of values to try', show(dropped))
  const given = new Map<string, unknown>(Object.entries(dropped))
  const config: Config = {}
  for (const field of fields) {
    const before = current[field.key] ?? field.default
    config[field.key] = given.has(field.key) ? checkValue(field, given.get(field.key)) : before
  }
  const trials = countTrials(fields, config)
  return {
    config,
    changed: fields.map((field) => field.key).filter((key) => !same(config[key], current[key])),
    ignored: [...given.keys()].filter((key) => !fields.some((field) => field.key === key)),
    trials,
  }
}

/** Number of values of each list, in schema order: the factors whose product is the number of trials. */
export const factorsOf = (fields: readonly Field[], config: Config): { key: string; count: number }[] =>
  fields.filter((field) => field.list).map(({ key }) => ({ key, count: [config[key] ?? []].flat().length }))

/** Size of the grid. Throws ProtocolError E_GRID above 10,000 trials, without building it. */
export function countTrials(fields: readonly Field[], config: Config): number {
  // 64 lists of 64 values overflow a double's integers but not its range, so the comparison stays right.
  const product = factorsOf(fields, config).reduce((total, { count }) => total * count, 1)
  if (product > MAX_TRIALS) throw new ProtocolError('E_GRID', '', `at most ${MAX_TRIALS} trials`, `${product}`)
  return product
}

/** The points of the grid, in schema order with the last key changing fastest. */
export function expandGrid(fields: readonly Field[], config: Config): Params[] {
  countTrials(fields, config)
  let grid: Params[] = [{}]
  for (const { key } of fields) {
    const values = config[key]
    if (key === 'SEED' || values === null || values === undefined) continue
    grid = grid.flatMap((point) => [values].flat().map((value) => ({ ...point, [key]: value })))
  }
  return grid
}
