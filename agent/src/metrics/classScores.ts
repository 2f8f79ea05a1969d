import { scoreOf } from '@pawprint/protocol'
import { namedClasses } from './confusion.ts'
import type { Counts, Predictions, Statistic } from './predictions.ts'

/**
 * How well one class is found. With R images of it named rightly, N named so and S of it in all: precision R / N, recall R / S,
 * F1 their harmonic mean 2R / (N + S). Each is 0 where its denominator is, as with scikit-learn's zero_division=0.
 */
export interface ClassScores {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** S: how many images are of this class. */
  readonly support: number
}
export type Score = Exclude<keyof ClassScores, 'support'>

/** Images per class: named rightly, named so at all, and of it. */
interface Tally {
  readonly right: Float64Array
  readonly named: Float64Array
  readonly support: Float64Array
}

function tally({ labels, classCount }: Predictions, names: Uint32Array, counts: Counts): Tally {
  const [right, named, support] = [newCounts(classCount), newCounts(classCount), newCounts(classCount)]
  for (let i = 0; i < counts.length; i++) {
    const [label, name, count] = [labels[i] ?? 0, names[i] ?? 0, counts[i] ?? 0]
    support[label] = (support[label] ?? 0) + count
    named[name] = (named[name] ?? 0) + count
    if (label === name) right[label] = (right[label] ?? 0) + count
  }
  return { right, named, support }
}
const newCounts = (length: number): Float64Array => new Float64Array(length)

const scoresOf = ({ right, named, support }: Tally): ClassScores[] =>
  Array.from(right, (hits, c) => scoreOf(hits, named[c] ?? 0, support[c] ?? 0))

/** Precision, recall, F1 and support of each class, in the order of the classes. */
export const classScoresOf = (
  predictions: Predictions,
  names: Uint32Array = namedClasses(predictions),
): ClassScores[] => scoresOf(tally(predictions, names, new Uint32Array(names.length).fill(1)))

/**
 * Macro mean: each class counts alike. Classes that no image is of and no image is named as are left out, as scikit-learn does by
 * default.
 */
export const macroOf =
  (predictions: Predictions, score: Score, names: Uint32Array = namedClasses(predictions)): Statistic =>
  (counts) => {
    const all = tally(predictions, names, counts)
    const present = scoresOf(all).filter((_, c) => (all.named[c] ?? 0) + (all.support[c] ?? 0) > 0)
    return present.reduce((sum, scores) => sum + scores[score], 0) / present.length
  }

/** Weighted mean: each class counts by its support. */
export const weightedOf =
  (predictions: Predictions, score: Score, names: Uint32Array = namedClasses(predictions)): Statistic =>
  (counts) => {
    const scores = scoresOf(tally(predictions, names, counts))
    const total = scores.reduce((sum, { support }) => sum + support, 0)
    return scores.reduce((sum, one) => sum + one[score] * one.support, 0) / total
  }
