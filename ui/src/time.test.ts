import { expect, test } from 'vitest'
import {
  dayOf,
  fullTime,
  longClock,
  roughDuration,
  shortClock,
  showAge,
  showCountdown,
  showDuration,
  showWhen,
} from './time.ts'

// Local times on purpose: what a person reads is their own clock, whatever zone the tests run in.
const at = (day: number, hour: number, minute = 0, second = 0): string =>
  new Date(2027, 4, day, hour, minute, second).toISOString()
const NOON = new Date(2027, 4, 13, 12, 0, 0).getTime() // a Thursday

test.each([
  [at(13, 11, 59, 48), '12 s ago'],
  [at(13, 12, 0, 0), '0 s ago'],
  [at(13, 12, 0, 30), '0 s ago'],
  [at(13, 11, 59, 0), '11:59'],
  [at(13, 0, 5), '00:05'],
  [at(12, 18, 40), 'yesterday 18:40'],
  [at(10, 17, 20), 'Mon 17:20'],
  [at(6, 17, 20), '6 May 17:20'],
])('the age of %s at noon is "%s"', (time, shown) => {
  expect(showAge(time, NOON).replaceAll('\u00a0', ' ')).toBe(shown)
})

test('a time of another year says its year', () => {
  expect(showWhen(new Date(2026, 11, 31, 23, 59).toISOString(), NOON)).toBe('31 Dec 2026 23:59')
  expect(dayOf(at(13, 3), NOON)).toBe('')
})

test('clocks have two digits everywhere', () => {
  expect([shortClock(at(13, 4, 5, 6)), longClock(at(13, 4, 5, 6))]).toEqual(['04:05', '04:05:06'])
  expect(fullTime(at(13, 4, 5, 6))).toBe('Thu 13 May 2027, 04:05:06')
})

test.each([
  [0, '0 s'],
  [-3, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min'],
  [82, '1 min 22 s'],
  [599, '9 min 59 s'],
  [600, '10 min'],
  [3599, '1 h'],
  [7500, '2 h 5 min'],
])('%d seconds are "%s"', (seconds, shown) => {
  expect(showDuration(seconds)).toBe(shown)
})

test.each([
  [760_000, '12:40'],
  [759_001, '12:40'],
  [9000, '0:09'],
  [3_600_000, '1:00:00'],
  [3_900_000, '1:05:00'],
  [0, '0:00'],
  [-5000, '0:00'],
])('%d ms are left: "%s"', (leftMs, shown) => {
  const time = at(13, 4, 5, 6)
  expect(showCountdown(time, new Date(time).getTime() - leftMs)).toBe(shown)
})

test.each([
  [31, '31 s'],
  [82, '1 min'],
  [170, '3 min'],
  [3600, '1 h'],
])('an estimate of %d seconds is "%s"', (seconds, shown) => {
  expect(roughDuration(seconds)).toBe(shown)
})
