import { namedClasses } from './confusion.ts'
import { meanOf, type Predictions, type Statistic } from './predictions.ts'

/** Accuracy: the fraction of images whose class is named. */
export const accuracyOf = (predictions: Predictions, named: Uint32Array = namedClasses(predictions)): Statistic =>
  meanOf(named.map((name, i) => Number(name === predictions.labels[i])))

/**
 * Top-k accuracy: the fraction of images whose class is among the k likeliest (Russakovsky et al. 2015, § 4.1: "top-5"). Of equally
 * likely classes the first counts as likelier, so that top-1 is the accuracy.
 */
export const topKOf = ({ labels, probabilities, classCount }: Predictions, k: number): Statistic =>
  meanOf(Uint8Array.from(labels, (label, i) => Number(placeOf(label, probabilities, i * classCount, classCount) < k)))

/** How many of `width` values from `start` come before the one at `label`. */
function placeOf(label: number, values: Float32Array, start: number, width: number): number {
  const own = values[start + label] ?? 0
  let place = 0
  for (let other = 0; other < label; other++) if ((values[start + other] as number) >= own) place++
  for (let other = label + 1; other < width; other++) if ((values[start + other] as number) > own) place++
  return place
}
