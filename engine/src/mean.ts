import type { StepSums } from './stepper.ts'
import type { PartialEpoch } from './types.ts'

/** Sums over samples. */
export interface Mean {
  loss: number
  correct: number
  samples: number
}

/** Between two epochs. */
export const NO_PARTIAL: PartialEpoch = { samples: 0, loss: 0, correct: 0, seconds: 0 }

export const newMean = (): Mean => ({ loss: 0, correct: 0, samples: 0 })

export function addSums(mean: Mean, { losses, correct }: StepSums, batchSize: number): void {
  for (const loss of losses) mean.loss += loss
  for (const count of correct) mean.correct += count
  mean.samples += losses.length * batchSize
}

/** Over the samples of both. */
export const joined = (a: Mean, b: Mean): Mean => ({
  loss: a.loss + b.loss,
  correct: a.correct + b.correct,
  samples: a.samples + b.samples,
})

export const averages = ({ loss, correct, samples }: Mean): { loss: number; accuracy: number } => ({
  loss: loss / samples,
  accuracy: correct / samples,
})
