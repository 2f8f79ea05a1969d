import { ProtocolError, show } from './error.ts'

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])
/** Longest duration that can be asked for: a week, in milliseconds. */
export const MAX_DURATION_MS = 7 * 24 * 3_600_000

/**
 * A duration as people write it, `90s`, `30m` or `2h`, in milliseconds; from 1 s to a week. Throws ProtocolError E_OPTION with
 * `at`, the name of the option.
 */
export function durationMs(text: unknown, at: string): number {
  const [, count = '', unit = ''] = (typeof text === 'string' && /^([1-9]\d{0,5})([smh])$/.exec(text)) || []
  const ms = Number(count) * (UNITS_MS.get(unit) ?? Number.NaN)
  if (ms <= MAX_DURATION_MS) return ms
  throw new ProtocolError('E_OPTION', at, 'a duration from 1s to 168h, such as "90s", "30m" or "2h"', show(text))
}
