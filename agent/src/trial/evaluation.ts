import { MAX_FRAME_BYTES, type Metrics, type ModelEvaluation } from '@pawprint/protocol'
import { accuracyOf, topKOf } from '../metrics/accuracy.ts'
import { bootstrap, type Interval } from '../metrics/bootstrap.ts'
import { areProbabilities, type CalibrationBin, calibrationErrorOf, calibrationOf } from '../metrics/calibration.ts'
import { classScoresOf, macroOf } from '../metrics/classScores.ts'
import { confusionOf, namedClasses } from '../metrics/confusion.ts'
import type { Predictions, Statistic } from '../metrics/predictions.ts'
import {
  aucBy,
  averagePrecisionBy,
  macroAucOf,
  meanAveragePrecisionOf,
  meanDefined,
  type Ranking,
  rankFor,
} from '../metrics/ranking.ts'
import { type RocCurve, rocCurveBy, thinCurve } from '../metrics/roc.ts'
import { type GiveWay, startSlices } from '../metrics/slices.ts'

/** What the store keeps of the predictions of a test set: numbers by name, and what the page draws. */
export interface Evaluated {
  readonly metrics: Metrics
  readonly evaluation: ModelEvaluation
}
type Part<Key extends keyof ModelEvaluation> = NonNullable<ModelEvaluation[Key]>

/** Points of a ROC curve as the page draws it. */
const ROC_POINTS = 64
/** A confusion of more classes than this takes more than half a frame, and is not made. */
const MAX_CONFUSED = Math.floor(Math.sqrt(MAX_FRAME_BYTES / 2 / '0,'.length))
/** Of more probabilities than this, intervals of metrics over rankings would take seconds, and are left out. */
const MAX_RANKED = 200_000

/**
 * Judges predictions on the calling thread, in slices, of which the longest look at all probabilities once. What is not defined is left
 * out; the accuracy is the engine's to say.
 */
export async function evaluationOf(predictions: Predictions): Promise<Evaluated> {
  const giveWay = startSlices()
  const named = namedClasses(predictions)
  await giveWay()
  const { auc, averagePrecision, roc, rankings } = await rankClasses(predictions, giveWay)
  const statistics = statisticsOf(predictions, named, rankings)
  await giveWay()
  const isCalibrated = areProbabilities(predictions)
  if (isCalibrated) statistics.testEce = calibrationErrorOf(predictions, named)
  const intervals = await bootstrap(predictions.labels.length, statistics)
  const measured = Object.entries(intervals).filter(([, { value }]) => !Number.isNaN(value))
  const { testAccuracy: _, ...values } = Object.fromEntries(measured.map(([name, { value }]) => [name, value]))
  const classes = classScoresOf(predictions, named).map(({ precision, recall, f1, support }, c) => ({
    ...{ precision: round(precision), recall: round(recall), f1: round(f1), support },
    ...{ auc: orNull(auc[c]), averagePrecision: orNull(averagePrecision[c]) },
  }))
  await giveWay()
  const evaluation: ModelEvaluation = {
    ...(predictions.classCount > MAX_CONFUSED ? {} : { confusion: confusionOf(predictions, named) }),
    classes,
    intervals: roundedIntervals(intervals),
    roc,
    ...(isCalibrated ? { calibration: roundedBins(calibrationOf(predictions, named)) } : {}),
  }
  return { metrics: { ...ofClasses({ testAuc: auc, testMap: averagePrecision }), ...values }, evaluation }
}

/** Of what does not fit, the largest part that the others can do without is left out first. */
const LEFT_OUT_FIRST = ['roc', 'confusion', 'classes', 'calibration'] as const

/** The evaluation in at most `maxBytes` of JSON, its largest parts left out where it is too large. */
export function fitted(evaluation: ModelEvaluation, maxBytes: number): ModelEvaluation {
  const left = { ...evaluation }
  for (const part of LEFT_OUT_FIRST) {
    if (JSON.stringify(left).length <= maxBytes) break
    delete left[part]
  }
  return left
}

/** The areas under the curves of each class, NaN where there is none, the curves, and, of a set that is not too large, the rankings. */
async function rankClasses(predictions: Predictions, giveWay: GiveWay) {
  const once = new Uint32Array(predictions.labels.length).fill(1)
  const auc: number[] = []
  const averagePrecision: number[] = []
  const roc: Part<'roc'> = []
  const rankings: Ranking[] = []
  for (let c = 0; c < predictions.classCount; c++) {
    await giveWay()
    const ranking = rankFor(predictions, c)
    auc.push(aucBy(ranking)(once))
    averagePrecision.push(averagePrecisionBy(ranking)(once))
    const curve = rocCurveBy(ranking, once)
    roc.push(curve && roundedCurve(thinCurve(curve, ROC_POINTS)))
    if (predictions.probabilities.length <= MAX_RANKED) rankings.push(ranking)
  }
  return { auc, averagePrecision, roc, rankings }
}

function statisticsOf(predictions: Predictions, named: Uint32Array, rankings: readonly Ranking[]) {
  const statistics: Record<string, Statistic> = {
    testAccuracy: accuracyOf(predictions, named),
    testMacroF1: macroOf(predictions, 'f1', named),
  }
  // Of five classes all are among the first five.
  if (predictions.classCount > 5) statistics.testTop5 = topKOf(predictions, 5)
  if (rankings.length > 0) {
    statistics.testAuc = macroAucOf(predictions, rankings)
    statistics.testMap = meanAveragePrecisionOf(predictions, rankings)
  }
  return statistics
}

/** The means over those classes for which a value is defined, where there are such. */
const ofClasses = (values: Readonly<Record<string, readonly number[]>>): Metrics =>
  Object.fromEntries(
    Object.entries(values)
      .map(([name, all]) => [name, meanDefined(all)] as const)
      .filter(([, mean]) => !Number.isNaN(mean)),
  )

// Six digits: they fill no message, and no threshold of a task is as fine.
const DIGITS = 1e6
const round = (value: number): number => Math.round(value * DIGITS) / DIGITS
const orNull = (value = Number.NaN): number | null => (Number.isNaN(value) ? null : round(value))
/** Those that any resample has defined. */
const roundedIntervals = (intervals: Readonly<Record<string, Interval>>): Part<'intervals'> =>
  Object.fromEntries(
    Object.entries(intervals)
      .filter(([, { low }]) => !Number.isNaN(low))
      .map(([name, { low, high }]) => [name, [round(low), round(high)]]),
  )
const roundedBins = (bins: readonly CalibrationBin[]): CalibrationBin[] =>
  bins.map(({ count, confidence, accuracy }) => ({
    count,
    confidence: Math.min(1, round(confidence)),
    accuracy: round(accuracy),
  }))

/** Four digits: a pixel of the page has three. */
const roundedCurve = ({ falsePositiveRates, truePositiveRates }: RocCurve): NonNullable<Part<'roc'>[number]> => {
  const short = (rates: readonly number[]): number[] => rates.map((rate) => Math.round(rate * 1e4) / 1e4)
  return { falsePositiveRates: short(falsePositiveRates), truePositiveRates: short(truePositiveRates) }
}
