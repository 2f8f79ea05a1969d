import type { Evaluation, ImageSet } from '@pawprint/engine'
import { AgentError } from '../errors.ts'
import { percent } from '../format.ts'
import type { Baseline } from './baselines.ts'
import type { Interval } from './bootstrap.ts'
import { predictionsOf } from './predictions.ts'
import { type MetricName, measure } from './statistics.ts'
import { aligned } from './table.ts'

/**
 * Student's t at 97.5 % for 1 to 30 degrees of freedom, as tables have it (e.g. NIST/SEMATECH e-Handbook of Statistical Methods,
 * 1.3.6.7.2). Beyond, the last one is a little wide.
 */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const

/**
 * Mean of a measure over trainings that differ in nothing but their seed, and its 95 % interval by Student's t: where the mean of very
 * many seeds probably is. `low` and `high` are NaN for fewer than two values. Throws AgentError `E_PREDICTIONS` for none.
 */
export function meanOverSeeds(values: readonly number[]): Interval {
  const n = values.length
  if (n === 0) throw new AgentError('E_PREDICTIONS', 'meanOverSeeds: values', 'at least one', 'none')
  const value = values.reduce((sum, one) => sum + one, 0) / n
  if (n === 1) return { value, low: Number.NaN, high: Number.NaN }
  const variance = values.reduce((sum, one) => sum + (one - value) ** 2, 0) / (n - 1)
  const t = T_975[Math.min(n - 1, T_975.length) - 1] ?? Number.NaN
  const half = t * Math.sqrt(variance / n)
  return { value, low: value - half, high: value + half }
}

/**
 * A table in plain text for a notebook: ways to train, each with its evaluations over seeds, then baselines. Mean, 95 % interval over
 * seeds within 0 and 100 %, and how many seeds. Throws AgentError E_PREDICTIONS.
 */
export function seedsTable(
  test: ImageSet,
  ways: Readonly<Record<string, readonly Evaluation[]>>,
  baselines: readonly Baseline[] = [],
  metric: MetricName = 'accuracy',
): string {
  const rows = Object.entries(ways).map(([name, evaluations]) => {
    const { value, low, high } = meanOverSeeds(evaluations.map((one) => measure(predictionsOf(test, one), metric)))
    // Student's t knows nothing of the ends of the scale.
    const interval = Number.isNaN(low) ? '–' : `${percent(Math.max(0, low))} to ${percent(Math.min(1, high))}`
    return [name, percent(value), interval, `${evaluations.length}`]
  })
  const others = baselines.map(({ name, predictions }) => [name, percent(measure(predictions, metric)), '–', '–'])
  const head = ['', metric, '95 % interval over seeds', 'seeds']
  return `${aligned([head, ...rows, ...others])}\n${test.labels.length} test images`
}
