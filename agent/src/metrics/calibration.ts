import { namedClasses } from './confusion.ts'
import type { Counts, Predictions, Statistic } from './predictions.ts'

/** Bins of equal width, as Guo et al. 2017 have them. */
export const CALIBRATION_BINS = 15

/** The images of which the model was this sure, m / 15 < probability of the class that it names ≤ (m + 1) / 15. */
export interface CalibrationBin {
  readonly count: number
  /** Mean probability of the named class; 0 in an empty bin. */
  readonly confidence: number
  /** Fraction that is named rightly; 0 in an empty bin. */
  readonly accuracy: number
}

type Binned = (counts: Counts) => CalibrationBin[]

function binner({ labels, probabilities, classCount }: Predictions, names: Uint32Array): Binned {
  const confidences = Float64Array.from(names, (name, i) => probabilities[i * classCount + name] ?? 0)
  const bins = Uint8Array.from(confidences, binAt)
  return (counts) => {
    const [count, confidence, right] = [newSums(), newSums(), newSums()]
    for (let i = 0; i < counts.length; i++) {
      const [bin, times] = [bins[i] ?? 0, counts[i] ?? 0]
      count[bin] = (count[bin] ?? 0) + times
      confidence[bin] = (confidence[bin] ?? 0) + times * (confidences[i] ?? 0)
      if (labels[i] === names[i]) right[bin] = (right[bin] ?? 0) + times
    }
    const meanIn = (sums: Float64Array, bin: number, all: number): number => (all === 0 ? 0 : (sums[bin] ?? 0) / all)
    return Array.from(count, (all, bin) => ({
      count: all,
      confidence: meanIn(confidence, bin, all),
      accuracy: meanIn(right, bin, all),
    }))
  }
}
const newSums = (): Float64Array => new Float64Array(CALIBRATION_BINS)
const binAt = (confidence: number): number =>
  Math.min(CALIBRATION_BINS, Math.max(1, Math.ceil(confidence * CALIBRATION_BINS))) - 1

/** The reliability diagram of C. Guo et al., On Calibration of Modern Neural Networks, 2017, § 2. */
export const calibrationOf = (
  predictions: Predictions,
  names: Uint32Array = namedClasses(predictions),
): CalibrationBin[] => binner(predictions, names)(new Uint32Array(names.length).fill(1))

/** Expected calibration error: the mean of |accuracy − confidence| over the bins, by their images (Guo et al. 2017, eq. 3). */
export function calibrationErrorOf(
  predictions: Predictions,
  names: Uint32Array = namedClasses(predictions),
): Statistic {
  const binned = binner(predictions, names)
  return (counts) => {
    const bins = binned(counts)
    const total = bins.reduce((sum, { count }) => sum + count, 0)
    return (
      bins.reduce((sum, { count, accuracy, confidence }) => sum + count * Math.abs(accuracy - confidence), 0) / total
    )
  }
}

/** Rounding of a softmax. */
const MAX_PROBABILITY = 1 + 1e-5

/** Whether these are probabilities, of which calibration can be told, and not scores of another kind. */
export function areProbabilities({ probabilities }: Predictions): boolean {
  for (let i = 0; i < probabilities.length; i++) {
    const value = probabilities[i] as number
    if (value < 0 || value > MAX_PROBABILITY) return false
  }
  return true
}
