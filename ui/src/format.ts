import type { Task } from '@pawprint/protocol'

// A no-break space before the percent sign and units: a number never leaves its unit at a line's end.
const NBSP = '\u00a0'

/** "43.6 %" of 0.436. `digits` after the point: 1 in the store, 0 for one picture. */
export const percent = (fraction: number, digits = 1): string => `${(fraction * 100).toFixed(digits)}${NBSP}%`

/** A metric as its task means it: a fraction as percent, anything else with four significant digits. */
export const showMetric = (metric: Task['metric'], value: number): string =>
  metric.min === 0 && metric.max === 1 ? percent(value) : String(Number(value.toPrecision(4)))

/** "577,978". */
export const showCount = (count: number): string => count.toLocaleString('en-US')

/** Three significant digits with a unit: "578 k", "1.16 M". */
export function shortCount(count: number): string {
  if (count < 1000) return String(count)
  const [size, unit] = count < 999_500 ? [1e3, 'k'] : count < 999_500_000 ? [1e6, 'M'] : [1e9, 'G']
  return `${Number((count / size).toPrecision(3))}${NBSP}${unit}`
}

/** "2.3 MB", in powers of 1000 as disks are sold. */
export function showSize(bytes: number): string {
  if (bytes < 1000) return `${bytes}${NBSP}B`
  const [size, unit] = bytes < 999_500 ? [1e3, 'kB'] : bytes < 999_950_000 ? [1e6, 'MB'] : [1e9, 'GB']
  const value = bytes / size
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)}${NBSP}${unit}`
}

/** "1 trial", "2 trials". */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${showCount(count)}${NBSP}${count === 1 ? one : many}`
