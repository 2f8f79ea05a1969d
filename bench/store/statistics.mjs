/** The number below which the fraction `p` of the numbers lies; NaN of none. */
export function percentile(numbers, p) {
  const sorted = Float64Array.from(numbers).sort()
  return sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]
}

export const median = (numbers) => percentile(numbers, 0.5)

/** Of what `process.cpuUsage` answers. */
export const cpuSecondsOf = ({ user, system }) => (user + system) / 1e6

export const summaryOf = (numbers) => ({
  count: numbers.length,
  p50: percentile(numbers, 0.5),
  p99: percentile(numbers, 0.99),
  max: percentile(numbers, 1),
})
