import { EngineError } from '../errors.ts'

/** Typed reading of one JSON object. A wrong value throws `E_MODEL` with its place. A default applies when a key is missing or null. */
export interface Fields {
  get(key: string): unknown
  text(key: string): string
  number(key: string, whenMissing?: number): number
  flag(key: string, whenMissing: boolean): boolean
  choice<const T extends string>(key: string, allowed: readonly T[], whenMissing?: T): T
  /** Two positive integers; one stands for both. */
  pair(key: string, whenMissing?: readonly [number, number]): readonly [number, number]
  /** Throws `E_UNSUPPORTED` unless every key is missing, null, or has the value given. */
  only(allowed: Readonly<Record<string, unknown>>): void
}

export function readFields(value: unknown, place: string): Fields {
  if (!isObject(value)) throw new EngineError('E_MODEL', place, 'an object', show(value))
  const get = (key: string): unknown => value[key] ?? undefined
  const wrong = (key: string, expected: string): never => {
    throw new EngineError('E_MODEL', `${place}.${key}`, expected, show(value[key]))
  }
  return {
    get,
    text(key) {
      const text = get(key)
      return typeof text === 'string' ? text : wrong(key, 'a text')
    },
    number(key, whenMissing) {
      const number = get(key) ?? whenMissing
      return typeof number === 'number' && Number.isFinite(number) ? number : wrong(key, 'a finite number')
    },
    flag(key, whenMissing) {
      const flag = get(key) ?? whenMissing
      return typeof flag === 'boolean' ? flag : wrong(key, 'true or false')
    },
    choice(key, allowed, whenMissing) {
      const chosen = get(key) ?? whenMissing
      const match = allowed.find((option) => option === chosen)
      if (match !== undefined) return match
      throw new EngineError('E_UNSUPPORTED', `${place}.${key}`, `one of ${allowed.join(', ')}`, show(chosen))
    },
    pair(key, whenMissing) {
      const given = get(key) ?? whenMissing
      const [first, second] = Array.isArray(given) ? given : [given, given]
      return isSize(first) && isSize(second) ? [first, second] : wrong(key, 'one or two positive integers')
    },
    only(allowed) {
      for (const [key, expected] of Object.entries(allowed)) {
        const given = get(key)
        if (given === undefined || JSON.stringify(given) === JSON.stringify(expected)) continue
        throw new EngineError('E_UNSUPPORTED', `${place}.${key}`, `none, or ${show(expected)}`, show(given))
      }
    },
  }
}

/** A positive integer. */
export const isSize = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0

/** A value as an error shows it: short JSON. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
