import type { Evaluation, ImageSet } from '@pawprint/engine'
import { percent } from '../format.ts'
import type { Baseline } from './baselines.ts'
import { type BootstrapOptions, bootstrap } from './bootstrap.ts'
import { type Predictions, predictionsOf } from './predictions.ts'
import { type MetricName, STATISTICS } from './statistics.ts'

const COLUMNS: readonly (readonly [title: string, metric: MetricName])[] = [
  ['macro F1', 'macroF1'],
  ['AUC', 'auc'],
  ['ECE', 'ece'],
]

/**
 * A table in plain text for a notebook: each model, then the baselines that it should beat, with accuracy, its bootstrap interval, macro
 * F1, macro AUC and expected calibration error. Throws AgentError E_PREDICTIONS.
 */
export async function metricsTable(
  test: ImageSet,
  models: Readonly<Record<string, Evaluation>>,
  baselines: readonly Baseline[],
  options: BootstrapOptions = {},
): Promise<string> {
  const level = `${Math.round((options.level ?? 0.95) * 100)} % interval`
  const rows = [['', 'accuracy', level, ...COLUMNS.map(([title]) => title)]]
  for (const [name, evaluation] of Object.entries(models))
    rows.push(await rowOf(name, predictionsOf(test, evaluation), options))
  for (const { name, predictions } of baselines) rows.push(await rowOf(name, predictions, options))
  return `${aligned(rows)}\n${test.labels.length} test images`
}

async function rowOf(name: string, predictions: Predictions, options: BootstrapOptions): Promise<string[]> {
  const { labels } = predictions
  const { accuracy } = await bootstrap(labels.length, { accuracy: STATISTICS.accuracy(predictions) }, options)
  const once = new Uint32Array(labels.length).fill(1)
  const others = COLUMNS.map(([, metric]) => STATISTICS[metric](predictions)(once))
  return [
    name,
    percent(accuracy.value),
    `${percent(accuracy.low)} to ${percent(accuracy.high)}`,
    ...others.map((value) => (Number.isNaN(value) ? '–' : value.toFixed(3))),
  ]
}

/** Names to the left, numbers to the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ')).join('\n')
}
