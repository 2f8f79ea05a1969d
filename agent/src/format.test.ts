import { expect, test } from 'vitest'
import { bar, cutText, duration, paramsText, percent } from './format.ts'

test.each([
  [0.2794, '27.9 %'],
  [1, '100.0 %'],
  [Number.NaN, 'NaN'],
])('the fraction %f reads %s', (fraction, text) => expect(percent(fraction)).toBe(text))

test.each([
  [8.04, '8 s'],
  [0.123, '0.12 s'],
  [82.4, '82 s'],
  [300, '5 min'],
  [12_000, '3 h 20 min'],
])('%f seconds read %s', (seconds, text) => expect(duration(seconds)).toBe(text))

test.each([
  [0, '░░░░'],
  [0.5, '██░░'],
  [1, '████'],
  [7, '████'],
  [-1, '░░░░'],
])('the bar of %f is %s', (fraction, text) => expect(bar(fraction, 4)).toBe(text))

test.each([
  ['short', 10, 'short'],
  ['123456', 6, '123456'],
  ['1234567', 6, '123…'],
  ['äöüß', 6, 'ä…'],
  ['👍👍', 7, '👍…'],
])('%j is cut to %i bytes as %j', (text, max, cut) => {
  expect(cutText(text, max)).toBe(cut)
  expect(Buffer.byteLength(cutText(text, max))).toBeLessThanOrEqual(max)
})

test('parameters read as in the schema', () => {
  expect(paramsText({ LEARNING_RATE: 0.002, KERNEL_SIZE: 3 })).toBe('LEARNING_RATE 0.002, KERNEL_SIZE 3')
})
