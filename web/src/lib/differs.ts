import type { Params } from '@pawprint/protocol'

/** Keys whose values are not the same in all of these, in their order. */
export function differingKeys(all: readonly Params[]): string[] {
  const [first] = all
  if (first === undefined) return []
  const keys = [...new Set(all.flatMap((params) => Object.keys(params)))]
  return keys.filter((key) => all.some((params) => params[key] !== first[key]))
}

/** A number as people wrote it: 0.1 + 0.2 is 0.3. */
export const showParam = (value: number | undefined): string =>
  value === undefined ? '–' : String(Number(value.toPrecision(8)))

/** "LEARNING_RATE 0.001 · NUM_FILTERS 40". */
export const showParams = (params: Params, keys: readonly string[]): string =>
  keys.map((key) => `${key} ${showParam(params[key])}`).join(' · ')
