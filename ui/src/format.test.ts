import { expect, test } from 'vitest'
import { percent, plural, shortCount, showCount, showMetric, showSize } from './format.ts'

const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

test.each([
  [0.436, 1, '43.6 %'],
  [0.87, 0, '87 %'],
  [0, 1, '0.0 %'],
  [1, 1, '100.0 %'],
])('the fraction %d with %i digits is "%s"', (fraction, digits, shown) => {
  expect(plain(percent(fraction, digits))).toBe(shown)
})

test('a percentage never leaves its sign at a line break', () => expect(percent(0.5)).toContain('\u00a0'))

test.each([
  [577_978, '578 k'],
  [1_155_558, '1.16 M'],
  [999, '999'],
  [999_499, '999 k'],
  [999_500, '1 M'],
  [2_500_000_000, '2.5 G'],
])('%i parameters are "%s"', (count, shown) => {
  expect(plain(shortCount(count))).toBe(shown)
})

test.each([
  [999, '999 B'],
  [2_312_000, '2.3 MB'],
  [19_400_000, '19.4 MB'],
  [123_400_000, '123 MB'],
  [999_600, '1.0 MB'],
  [2_000_000_000, '2.0 GB'],
])('%i bytes are "%s"', (bytes, shown) => {
  expect(plain(showSize(bytes))).toBe(shown)
})

test('a metric from 0 to 1 is a percentage, any other a number', () => {
  const metric = { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } as const
  expect(plain(showMetric(metric, 0.4361))).toBe('43.6 %')
  expect(showMetric({ ...metric, name: 'perplexity', min: 1, max: 1e9 }, 12.34567)).toBe('12.35')
})

test('counts have commas and their noun a number', () => {
  expect(showCount(577_978)).toBe('577,978')
  expect([plural(1, 'trial'), plural(1204, 'line'), plural(0, 'entry', 'entries')].map(plain)).toEqual([
    '1 trial',
    '1,204 lines',
    '0 entries',
  ])
})
