import { expect, test } from 'vitest'
import { durationMs } from './duration.ts'

test.each([
  ['1s', 1000],
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['2h', 7_200_000],
  ['168h', 604_800_000],
  ['604800s', 604_800_000],
])('%s is %i ms', (text, ms) => {
  expect(durationMs(text, 'exitAfterIdle')).toBe(ms)
})

test.each([
  ['', '""'],
  ['30', '"30"'],
  ['30 m', '"30 m"'],
  ['0s', '"0s"'],
  ['-5m', '"-5m"'],
  ['1.5h', '"1.5h"'],
  ['2d', '"2d"'],
  ['2H', '"2H"'],
  ['30m\n', '"30m\\n"'],
  ['169h', '"169h"'],
  [1800, '1800'],
  [null, 'null'],
])('%j is refused with its place, what was expected and what came', (text, got) => {
  const expected = 'a duration from 1s to 168h, such as "90s", "30m" or "2h"'
  expect(() => durationMs(text, 'exitAfterIdle')).toThrow(
    expect.objectContaining({ code: 'E_OPTION', at: 'exitAfterIdle', expected, got }),
  )
})
