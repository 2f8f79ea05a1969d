import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { parse, parseJson } from './json.ts'

describe('JSON from a stranger', () => {
  test('is read as JSON.parse reads it', () => {
    expect(parseJson('{"a":[1,"}]{",{"b":null}]}')).toEqual({ a: [1, '}]{', { b: null }] })
  })

  test.each([
    ['32 levels', '['.repeat(32) + ']'.repeat(32), true],
    ['33 levels', '['.repeat(33) + ']'.repeat(33), false],
    ['a million open brackets', '['.repeat(1_000_000), false],
    ['brackets inside a string', JSON.stringify('['.repeat(100)), true],
    ['an escaped quote before brackets', JSON.stringify(`"${'['.repeat(100)}`), true],
    ['nothing', '', false],
    ['half a document', '{"a":', false],
    ['a key that reaches the prototype', '{"a":{"__proto__":{"x":1}}}', false],
    ['such a key in escapes', '{"\\u005f_prot\\u006f__":{"x":1}}', false],
    ['such a word as a value, beside an escape', '{"a":"__proto__","b":"\\u00e4"}', true],
    ['a constructor key', '{"constructor":{"prototype":{"x":1}}}', false],
  ])('of %s is accepted or refused by the rule', (_, text, accepted) => {
    if (accepted) expect(() => parseJson(text)).not.toThrow()
    else expect(() => parseJson(text)).toThrow(expect.objectContaining({ code: 'E_JSON' }))
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })

  test('larger than the bound is refused before it is parsed', () => {
    expect(() => parseJson('"123456789"', 10)).toThrow(expect.objectContaining({ expected: 'at most 10 bytes' }))
  })

  test('of another shape is refused with the path of the first wrong place', () => {
    const schema = v.object({ trials: v.array(v.object({ seed: v.number() })) })
    expect(() => parse(schema, { trials: [{ seed: 1 }, { seed: '2' }] })).toThrow(
      expect.objectContaining({ code: 'E_MESSAGE', at: 'trials.1.seed', expected: 'number', got: '"2"' }),
    )
  })
})
