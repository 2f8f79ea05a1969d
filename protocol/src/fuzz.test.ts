// Every message with every field missing, of another type or superfluous; and every parser with what is almost valid.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { resolveConfig } from './config.ts'
import { ProtocolError } from './error.ts'
import { fieldsOf } from './fields.ts'
import { parseJson } from './json.ts'
import { MAX_SAFETENSORS_HEADER_BYTES } from './limits.ts'
import {
  FromAgent,
  FromDemo,
  FromPage,
  parseFromAgent,
  parseFromDemo,
  parseFromPage,
  parseHello,
  parseToAgent,
  parseToDemo,
  parseToPage,
} from './messages.ts'
import { readSafetensors, writeSafetensors } from './safetensors.ts'
import { FUZZ_TIMEOUT_MS, fuzzRuns, oddInside, oddValue, spoiled } from './testing/mutate.ts'
import { AGENT_SAMPLES, DEMO_SAMPLES, PAGE_SAMPLES } from './testing/samples.ts'

const ROLES = [
  ['an agent', FromAgent, parseFromAgent, AGENT_SAMPLES],
  ['a page', FromPage, parseFromPage, PAGE_SAMPLES],
  ['a demo', FromDemo, parseFromDemo, DEMO_SAMPLES],
] as const
const NULLABLE = new Set(['serving.sha1', 'serving.error', 'idle.leftMs', 'data.found'])
const OPTIONAL = new Set(['replaces', 'reevaluations', 'data', 'problem'])
const ALL_SAMPLES = [...AGENT_SAMPLES, ...PAGE_SAMPLES, ...DEMO_SAMPLES]
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** What `work` throws, if it is one of our own errors; anything else fails the test. */
function refusalOf(work: () => unknown): ProtocolError | null {
  try {
    work()
    return null
  } catch (error) {
    if (error instanceof ProtocolError) return error
    throw error
  }
}

describe.each(ROLES)('of %s', (_, schema, parseText, samples) => {
  test('there is a valid sample of every message, taken from the schema', () => {
    const types = schema.options.map(({ entries }) => entries.type.literal)
    expect(samples.map((sample) => isObject(sample) && sample.type).sort()).toEqual([...types].sort())
    for (const sample of samples) expect(parseText(JSON.stringify(sample))).toEqual(sample)
  })

  test('each field that is missing or of another type is refused at its place; one that nobody knows is left out', () => {
    for (const sample of samples.filter(isObject))
      for (const key of Object.keys(sample)) {
        const { [key]: value, ...rest } = sample
        const isOptional = OPTIONAL.has(key)
        const missing = refusalOf(() => parseText(JSON.stringify(rest)))
        expect([sample.type, key, missing?.code]).toEqual([sample.type, key, isOptional ? undefined : 'E_MESSAGE'])
        if (!isOptional) expect(missing?.at).toBe(key)
        for (const wrong of ['text that is no id!', -1, 1.5, true, null]) {
          const isNothing = wrong === null && NULLABLE.has(`${sample.type}.${key}`)
          if (typeof wrong === typeof value && wrong !== null) continue
          const refused = refusalOf(() => parseText(JSON.stringify({ ...rest, [key]: wrong })))
          expect([sample.type, key, wrong, refused?.code]).toEqual([
            sample.type,
            key,
            wrong,
            isNothing ? undefined : 'E_MESSAGE',
          ])
          if (refused) expect(refused.at).toBe(key)
        }
        expect(parseText(JSON.stringify({ ...sample, unheardOf: 1 }))).toEqual(sample)
      }
  })

  test('with anything at any place is taken or refused with the place, and nothing else happens', {
    timeout: FUZZ_TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(fc.constantFrom(...samples).chain(oddInside), (value) => {
        const refused = refusalOf(() => parseText(JSON.stringify(value) ?? ''))
        if (refused) expect(['E_MESSAGE', 'E_JSON']).toContain(refused.code)
      }),
      { numRuns: fuzzRuns(400) },
    )
  })
})

const PARSERS = [parseHello, parseFromAgent, parseFromPage, parseFromDemo, parseToAgent, parseToPage, parseToDemo]

test('every parser of messages takes any bytes for what they are: a message, or an error of ours', {
  timeout: FUZZ_TIMEOUT_MS,
}, () => {
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), spoiled(ALL_SAMPLES.map(encode)))
  fc.assert(
    fc.property(bytes, (raw) => {
      const text = new TextDecoder().decode(raw)
      for (const parseText of PARSERS) refusalOf(() => parseText(text))
    }),
    { numRuns: fuzzRuns(400) },
  )
})

test('JSON of any depth and width is read, or refused before it costs anything', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const nested = fc
    .tuple(fc.constantFrom('[', '{"a":', '[[', '[{"b":'), fc.nat(200_000))
    .map(([open, times]) => open.repeat(times))
  const wide = fc.nat(30_000).map((count) => `{${Array.from({ length: count }, (_, i) => `"k${i}":${i}`).join(',')}}`)
  const odd = fc.constantFrom(
    '\ufeff{}',
    '"\\ud800"',
    '{"a":1,"a":2}',
    '1e999',
    '-0',
    '"\\u2028"',
    '01',
    '+1',
    '.5',
    'NaN',
    '{"a":1,}',
    "{'a':1}",
    '/**/1',
  )
  fc.assert(
    fc.property(fc.oneof(nested, wide, odd), (text) => {
      const refused = refusalOf(() => parseJson(text))
      if (refused) expect(refused.code).toBe('E_JSON')
    }),
    { numRuns: fuzzRuns(60) },
  )
  // JSON.parse's own rules, for what people wonder about: the last of equal keys counts, a byte order mark is none of JSON.
  expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 })
  expect(refusalOf(() => parseJson('\ufeff{}'))?.code).toBe('E_JSON')
})

test.each(['__proto__', 'constructor', 'prototype'])(
  'the key %s is refused at any depth, and no object gets anything',
  (key) => {
    for (const text of [`{"${key}":{"x":1}}`, `[{"a":{"${key}":1}}]`, `{"${key.replace('o', '\\u006f')}":{"x":1}}`])
      expect(refusalOf(() => parseJson(text))?.code).toBe('E_JSON')
    expect(Reflect.get({}, 'x')).toBeUndefined()
  },
)

const fields = fieldsOf({ EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20] })
const current = { EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20], SEED: null }

test('a drop of anything changes values of the schema, or nothing', { timeout: FUZZ_TIMEOUT_MS }, () => {
  const keys = fc.constantFrom(
    'EPOCHS',
    'LEARNING_RATE',
    'NUM_FILTERS',
    'SEED',
    'toString',
    'hasOwnProperty',
    'then',
    'valueOf',
    '__proto__',
    '',
  )
  fc.assert(
    fc.property(fc.oneof(oddValue, fc.dictionary(keys, oddValue)), (dropped) => {
      const refused = refusalOf(() => {
        const { config, ignored } = resolveConfig(fields, current, dropped)
        expect(Object.keys(config)).toEqual(fields.map(({ key }) => key))
        for (const key of ignored) expect(fields.some((field) => field.key === key)).toBe(false)
      })
      if (refused) expect(['E_CONFIG', 'E_GRID']).toContain(refused.code)
    }),
    { numRuns: fuzzRuns(500) },
  )
})

test('weights with mistakes in them are read whole, or refused; nothing is taken that the file does not have', {
  timeout: FUZZ_TIMEOUT_MS,
}, () => {
  const tensors = [
    { name: 'conv', shape: [2, 3], data: Float32Array.from({ length: 6 }, (_, i) => i) },
    { name: 'bias', shape: [], data: Float32Array.of(1) },
    { name: 'none', shape: [0, 4], data: new Float32Array(0) },
  ]
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 400 }), spoiled([writeSafetensors(tensors), writeSafetensors([])]))
  fc.assert(
    fc.property(bytes, (raw) => {
      const refused = refusalOf(() => {
        const total = readSafetensors(raw).reduce((sum, { data }) => sum + data.byteLength, 0)
        expect(total).toBeLessThanOrEqual(raw.length)
      })
      if (refused) expect(refused.code).toBe('E_SAFETENSORS')
    }),
    { numRuns: fuzzRuns(1000) },
  )
  const lying = new Uint8Array(16)
  new DataView(lying.buffer).setBigUint64(0, BigInt(MAX_SAFETENSORS_HEADER_BYTES), true)
  expect(refusalOf(() => readSafetensors(lying))?.code).toBe('E_SAFETENSORS')
})
