import { baselinesOf, linearBaseline, majorityBaseline } from './baselines.ts'
import { bootstrap } from './bootstrap.ts'
import { type CalibrationBin, calibrationOf } from './calibration.ts'
import { type ClassScores, classScoresOf } from './classScores.ts'
import { confusionOf } from './confusion.ts'
import { gapsOf } from './gaps.ts'
import { meanOverSeeds, seedsTable } from './overSeeds.ts'
import { checkPredictions, type Predictions, predictionsOf, requireClass, valueOnce } from './predictions.ts'
import { aucBy, averagePrecisionBy, type Ranking, rankFor } from './ranking.ts'
import { type RocCurve, rocCurveBy } from './roc.ts'
import { intervalOf, measure } from './statistics.ts'
import { metricsTable } from './table.ts'

export type { Baseline, LinearOptions } from './baselines.ts'
export type { BootstrapOptions, Interval } from './bootstrap.ts'
export type { CalibrationBin } from './calibration.ts'
export type { ClassScores } from './classScores.ts'
export type { Gaps, Measured } from './gaps.ts'
export type { Counts, Predictions, Statistic } from './predictions.ts'
export type { RocCurve } from './roc.ts'
export type { MetricName } from './statistics.ts'

/** What a trained model is worth. All but the baselines look only at predictions, and throw AgentError E_PREDICTIONS for wrong ones. */
export const metrics: {
  /** Predictions of a test set, from what `run.evaluate` gave for it. */
  predictionsOf: typeof predictionsOf
  /** One metric; NaN where it is not defined. */
  measure: typeof measure
  /** One metric with its bootstrap interval. */
  intervalOf: typeof intervalOf
  /** Intervals of statistics of one's own. */
  bootstrap: typeof bootstrap
  /** Rows are true classes, columns named ones. */
  confusionOf(predictions: Predictions): number[][]
  /** Precision, recall, F1 and support of each class. */
  classScoresOf(predictions: Predictions): ClassScores[]
  /** Area under the ROC curve of one class against the rest; NaN where one of the two has no image. */
  aucOf(predictions: Predictions, ofClass: number): number
  /** Average precision of one class against the rest; NaN where it has no image. */
  averagePrecisionOf(predictions: Predictions, ofClass: number): number
  /** ROC curve of one class against the rest; null where one of the two has no image. */
  rocCurveOf(predictions: Predictions, ofClass: number): RocCurve | null
  /** The 15 bins of the reliability diagram. */
  calibrationOf(predictions: Predictions): CalibrationBin[]
  gapsOf: typeof gapsOf
  majorityBaseline: typeof majorityBaseline
  linearBaseline: typeof linearBaseline
  /** Both, the weaker one first. */
  baselinesOf: typeof baselinesOf
  /** A table in plain text. */
  table: typeof metricsTable
  /** A mean over seeds with its 95 % interval. */
  meanOverSeeds: typeof meanOverSeeds
  /** A table of ways to train, each over some seeds. */
  seedsTable: typeof seedsTable
} = {
  predictionsOf,
  measure,
  intervalOf,
  bootstrap,
  confusionOf: (predictions) => confusionOf(checkPredictions(predictions)),
  classScoresOf: (predictions) => classScoresOf(checkPredictions(predictions)),
  aucOf: (predictions, ofClass) => valueOnce(aucBy(rankingOf(predictions, ofClass)), predictions.labels.length),
  averagePrecisionOf: (predictions, ofClass) =>
    valueOnce(averagePrecisionBy(rankingOf(predictions, ofClass)), predictions.labels.length),
  rocCurveOf: (predictions, ofClass) =>
    rocCurveBy(rankingOf(predictions, ofClass), new Uint32Array(predictions.labels.length).fill(1)),
  calibrationOf: (predictions) => calibrationOf(checkPredictions(predictions)),
  gapsOf,
  majorityBaseline,
  linearBaseline,
  baselinesOf,
  table: metricsTable,
  meanOverSeeds,
  seedsTable,
}

const rankingOf = (predictions: Predictions, ofClass: number): Ranking =>
  rankFor(checkPredictions(predictions), requireClass(predictions, ofClass))
