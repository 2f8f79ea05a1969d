import type { Counts } from './predictions.ts'
import type { Ranking } from './ranking.ts'

/** A ROC curve, from (0, 0) to (1, 1): the fraction of other images above a threshold, and of those of the class. */
export interface RocCurve {
  readonly falsePositiveRates: readonly number[]
  readonly truePositiveRates: readonly number[]
}

/** The curve with a point for each threshold; null without an image of the class or without another. */
export function rocCurveBy(ranking: Ranking, counts: Counts): RocCurve | null {
  const falsePositives = [0]
  const truePositives = [0]
  let [above, ofClass] = [0, 0]
  for (const packed of ranking) {
    const count = counts[packed >>> 2] ?? 0
    above += count
    ofClass += count * ((packed >>> 1) & 1)
    if ((packed & 1) === 0) continue
    truePositives.push(ofClass)
    falsePositives.push(above - ofClass)
  }
  const positives = truePositives.at(-1) ?? 0
  const negatives = falsePositives.at(-1) ?? 0
  if (positives === 0 || negatives === 0) return null
  return {
    falsePositiveRates: falsePositives.map((count) => count / negatives),
    truePositiveRates: truePositives.map((count) => count / positives),
  }
}

/**
 * The curve with at most `points` of its points, 2 or more: both ends, and between them the first in each of equal steps of its length
 * in x + y. A point that is left out is less than a step from one that is kept.
 */
export function thinCurve(curve: RocCurve, points: number): RocCurve {
  const { falsePositiveRates: x, truePositiveRates: y } = curve
  if (x.length <= points) return curve
  const step = 2 / (points - 1)
  const stepAt = (i: number): number => Math.floor(((x[i] ?? 0) + (y[i] ?? 0)) / step)
  const last = x.length - 1
  const kept = x.flatMap((_, i) => (i === 0 || i === last || stepAt(i) > stepAt(i - 1) ? [i] : []))
  return { falsePositiveRates: kept.map((i) => x[i] ?? 0), truePositiveRates: kept.map((i) => y[i] ?? 0) }
}
