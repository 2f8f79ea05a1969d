import { expect, test } from 'vitest'
import { spell, twinsAmong } from './twins.ts'

test.each([
  ['composed and decomposed letters', 'caf\u00e9', 'cafe\u0301'],
  ['a space of no width', 'pets', 'pe\u200bts'],
  ['a mark that turns the direction', 'pets', '\u202epets'],
  ['a joiner', 'pets', 'pets\u200d'],
  ['a variation mark', '\u2764', '\u2764\ufe0f'],
  ['wide letters', 'pets', '\uff50ets'],
  ['a space that does not break', 'my pets', 'my\u00a0pets'],
  ['a line separator', 'my pets', 'my\u2028pets'],
  ['large letters', 'Pets', 'pets'],
])('names that differ by %s look the same', (_, one, other) => {
  expect([...twinsAmong([one, 'another', other])]).toEqual([one, other])
  expect(spell(one)).not.toBe(spell(other))
})

test('the same name twice, and names that differ for the eye, are no twins', () => {
  expect([...twinsAmong(['pets', 'pets', 'pets-2', 'pots', 'caf\u00e9', 'cafe'])]).toEqual([])
})
