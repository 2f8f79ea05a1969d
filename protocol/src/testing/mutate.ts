// Spoils what is valid: random bytes alone seldom get past the first check of a parser.
import fc from 'fast-check'

/** Runs of each fuzz test: few in every test run, many with PAWPRINT_LONG. */
export const fuzzRuns = (few: number): number => (process.env.PAWPRINT_LONG ? few * 50 : few)

/** For a test that makes them: many take minutes. */
export const FUZZ_TIMEOUT_MS = 600_000

interface Edit {
  readonly kind: 'flip' | 'set' | 'cut' | 'drop' | 'repeat' | 'insert' | 'zero' | 'ones'
  /** Where, as a fraction of what is there. */
  readonly at: number
  readonly size: number
  readonly byte: number
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'set', 'cut', 'drop', 'repeat', 'insert', 'zero', 'ones'),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  size: fc.integer({ min: 1, max: 16 }),
  byte: fc.nat(255),
})

function apply(bytes: Uint8Array, { kind, at, size, byte }: Edit): Uint8Array {
  const start = Math.floor(at * bytes.length)
  const [before, part, after] = [bytes.slice(0, start), bytes.slice(start, start + size), bytes.slice(start + size)]
  const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((one) => [...one]))
  switch (kind) {
    case 'flip':
      return join(
        before,
        part.map((value, i) => (i === 0 ? value ^ (1 << (byte % 8)) : value)),
        after,
      )
    case 'set':
      return join(
        before,
        part.map((value, i) => (i === 0 ? byte : value)),
        after,
      )
    case 'cut':
      return before
    case 'drop':
      return join(before, after)
    case 'repeat':
      return join(before, part, part, after)
    case 'insert':
      return join(before, new Uint8Array(size).fill(byte), part, after)
    case 'zero':
      return join(before, new Uint8Array(part.length), after)
    default:
      return join(before, new Uint8Array(part.length).fill(255), after)
  }
}

/** One of these, with one to four mistakes in it. */
export const spoiled = (valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.nat(valid.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }))
    .map(([which, edits]) => edits.reduce(apply, valid[which] ?? new Uint8Array()))

/** Values that programs of other people send. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    ' ',
    '0.9',
    -1,
    0,
    1.5,
    1e308,
    -0,
    2 ** 53,
    '\u202e',
    '\u0000',
    [],
    {},
    [[]],
    'x'.repeat(20_000),
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** The same value with something else at one random place. */
export const oddInside = (value: unknown): fc.Arbitrary<unknown> =>
  fc.tuple(fc.array(fc.nat(20), { maxLength: 5 }), oddValue).map(([path, odd]) => put(value, path, odd))

function put(value: unknown, [first, ...rest]: readonly number[], odd: unknown): unknown {
  if (first === undefined || typeof value !== 'object' || value === null) return odd
  const keys = Object.keys(value)
  const key = keys[first % Math.max(1, keys.length)]
  if (key === undefined) return odd
  const inner: unknown = Reflect.get(value, key)
  if (Array.isArray(value)) return value.with(Number(key), put(inner, rest, odd))
  return { ...value, [key]: put(inner, rest, odd) }
}
