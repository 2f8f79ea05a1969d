import type { Predictions } from './predictions.ts'

/** Index of the largest of `width` values from `start`; the first of equals. */
function largestAt(values: Float32Array, start: number, width: number): number {
  let [best, most] = [0, values[start] ?? 0]
  for (let i = 1; i < width; i++) {
    const value = values[start + i] ?? 0
    // Nothing is above NaN, nor NaN above anything.
    if (value > most) {
      best = i
      most = value
    }
  }
  return best
}

/** The class that the model names for each image: the likeliest, the first of equals. */
export const namedClasses = ({ labels, probabilities, classCount }: Predictions): Uint32Array =>
  Uint32Array.from(labels, (_, i) => largestAt(probabilities, i * classCount, classCount))

/** Confusion matrix: rows are the true class, columns the one that the model names. */
export function confusionOf(predictions: Predictions, named: Uint32Array = namedClasses(predictions)): number[][] {
  const { labels, classCount } = predictions
  const confusion = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0))
  named.forEach((column, i) => {
    const row = confusion[labels[i] ?? -1]
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1
  })
  return confusion
}
