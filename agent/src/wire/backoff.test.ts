import { expect, test } from 'vitest'
import { backoffMs, RECONNECT } from './backoff.ts'

test.each([
  [0, 0.999_999, 499],
  [1, 0.5, 500],
  [5, 0.5, 8000],
  [6, 0.5, 15_000],
  [1_000_000, 0.5, 15_000],
  [9, 0, 0],
])('try %i with chance %f waits %i ms', (attempt, chance, ms) => expect(backoffMs(RECONNECT, attempt, chance)).toBe(ms))
