import type { Normalisation } from '@pawprint/engine'
import type { Inspection } from './inspect.ts'

/**
 * Mean 0 and standard deviation 1 of each channel over the training images: for `normalisation` of `trial.compile`. A channel that is the same
 * everywhere is only moved to 0; without training images it is `value / 255`, for three channels.
 */
export function normalisationOf({ channels }: Pick<Inspection, 'channels'>): Normalisation {
  const { mean, std } = channels ?? { mean: [0, 0, 0], std: [1, 1, 1] }
  return { scale: 1 / 255, mean: [...mean], std: std.map((value) => (value > 0 ? value : 1)) }
}
