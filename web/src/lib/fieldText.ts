import { type Config, checkValue, type Field, factorsOf, MAX_TRIALS, ProtocolError } from '@pawprint/protocol'

/** A value as its field shows it: numbers split by commas, nothing for a key that is left open. */
export const showValue = (value: Config[string] | undefined): string =>
  value === null || value === undefined ? '' : [value].flat().join(', ')

function read(part: string): unknown {
  const text = part.trim()
  const number = Number(text)
  return text === '' || Number.isNaN(number) ? text : number
}

/**
 * What a person typed, as a value of the field. Throws ProtocolError E_CONFIG as the store would, with the words typed.
 */
export function readField(field: Field, text: string): Config[string] {
  const bare = text.trim().replace(/^\[(.*)\]$/s, '$1')
  if (bare.trim() === '' && field.default === null) return null
  if (!field.list) return checkValue(field, read(bare))
  // A comma at the end is a list that goes on.
  const parts = bare.replace(/,\s*$/, '').split(',')
  return checkValue(field, bare.trim() === '' ? [] : parts.map(read))
}

/** What is wrong with the typed text, short enough to stand beside the key; null when it fits. */
export function problemOf(field: Field, text: string): string | null {
  try {
    readField(field, text)
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return `not ${error.got}: ${error.expected}`
    throw error
  }
}

/** Values with what is being typed on top; a text that does not fit counts as the value before. */
export function withDrafts(fields: readonly Field[], config: Config, drafts: ReadonlyMap<string, string>): Config {
  const result: Config = { ...config }
  for (const field of fields) {
    const text = drafts.get(field.key)
    if (text !== undefined && problemOf(field, text) === null) result[field.key] = readField(field, text)
  }
  return result
}

export interface Product {
  readonly trials: number
  /** "2 × 1 × 1 × 1". */
  readonly shown: string
  /** "LEARNING_RATE 2 × KERNEL_SIZE 1: each value with each other." */
  readonly named: string
  readonly tooMany: boolean
}

/** The size of the grid, factor by factor. */
export function productOf(fields: readonly Field[], config: Config): Product {
  const factors = factorsOf(fields, config)
  const trials = factors.reduce((product, { count }) => product * count, 1)
  return {
    trials,
    shown: factors.map(({ count }) => count).join(' × ') || '1',
    named:
      factors.length === 0
        ? 'No key has a list of values: one trial.'
        : `${factors.map(({ key, count }) => `${key} ${count}`).join(' × ')}: each value with each other.`,
    tooMany: trials > MAX_TRIALS,
  }
}

/** The explanation of a field: what it is, and which numbers it takes. */
export function explainField(field: Field): string {
  const range = `${field.min} to ${field.max}`
  const numbers = field.type === 'integer' ? `Whole number${field.list ? 's' : ''}` : `Number${field.list ? 's' : ''}`
  return `${field.about} ${numbers}, ${range}${field.list ? ', split by commas' : ''}.`.trim()
}

/** Keys whose value is another than before the last change, with the value before. */
export function changedFrom(config: Config, previous: Config | null): Map<string, string> {
  const was = new Map<string, string>()
  if (previous === null) return was
  for (const key of Object.keys(config)) {
    const before = showValue(previous[key])
    if (before !== showValue(config[key])) was.set(key, before === '' ? 'open' : before)
  }
  return was
}
