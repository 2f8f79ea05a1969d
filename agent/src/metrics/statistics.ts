import { accuracyOf, topKOf } from './accuracy.ts'
import { type BootstrapOptions, bootstrap, type Interval } from './bootstrap.ts'
import { calibrationErrorOf } from './calibration.ts'
import { macroOf, weightedOf } from './classScores.ts'
import { checkPredictions, type Predictions, type Statistic, valueOnce } from './predictions.ts'
import { macroAucOf, meanAveragePrecisionOf } from './ranking.ts'

/** Metrics that are one number each. Higher is better, but for `ece`. */
export type MetricName =
  | 'accuracy'
  | 'top5'
  | 'macroPrecision'
  | 'macroRecall'
  | 'macroF1'
  | 'weightedPrecision'
  | 'weightedRecall'
  | 'weightedF1'
  | 'auc'
  | 'map'
  | 'ece'

export const STATISTICS: Readonly<Record<MetricName, (predictions: Predictions) => Statistic>> = {
  accuracy: (predictions) => accuracyOf(predictions),
  top5: (predictions) => topKOf(predictions, 5),
  macroPrecision: (predictions) => macroOf(predictions, 'precision'),
  macroRecall: (predictions) => macroOf(predictions, 'recall'),
  macroF1: (predictions) => macroOf(predictions, 'f1'),
  weightedPrecision: (predictions) => weightedOf(predictions, 'precision'),
  weightedRecall: (predictions) => weightedOf(predictions, 'recall'),
  weightedF1: (predictions) => weightedOf(predictions, 'f1'),
  auc: (predictions) => macroAucOf(predictions),
  map: (predictions) => meanAveragePrecisionOf(predictions),
  ece: (predictions) => calibrationErrorOf(predictions),
}

/** One metric of these predictions; NaN where it is not defined. Throws AgentError E_PREDICTIONS. */
export const measure = (predictions: Predictions, name: MetricName): number =>
  valueOnce(STATISTICS[name](checkPredictions(predictions)), predictions.labels.length)

/** One metric with its bootstrap interval. Throws AgentError E_PREDICTIONS. */
export async function intervalOf(
  predictions: Predictions,
  name: MetricName,
  options: BootstrapOptions = {},
): Promise<Interval> {
  const statistic = STATISTICS[name](checkPredictions(predictions))
  const { value } = await bootstrap(predictions.labels.length, { value: statistic }, options)
  return value
}
