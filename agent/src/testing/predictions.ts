import fc from 'fast-check'
import { expect } from 'vitest'
import type { Predictions } from '../metrics/predictions.ts'

/** Predictions from one row of scores per image. */
export const predict = (labels: readonly number[], rows: readonly (readonly number[])[]): Predictions => ({
  labels,
  probabilities: Float32Array.from(rows.flat()),
  classCount: rows[0]?.length ?? 2,
})

/** Predictions that name these classes, for sure. */
export const naming = (labels: readonly number[], named: readonly number[], classCount: number): Predictions =>
  predict(
    labels,
    named.map((name) => Array.from({ length: classCount }, (_, c) => Number(c === name))),
  )

/** Labels and scores of 2 to 4 classes. Few values, so that ties are common; negative ones and both zeros among them. */
export const anyPredictions: fc.Arbitrary<Predictions> = fc
  .integer({ min: 2, max: 4 })
  .chain((classCount) =>
    fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: classCount - 1 }),
        fc.array(fc.constantFrom(-2, -0.5, -0, 0, 0.25, 1, 3), { minLength: classCount, maxLength: classCount }),
      ),
      { minLength: 1, maxLength: 24 },
    ),
  )
  .map((images) =>
    predict(
      images.map(([label]) => label),
      images.map(([, scores]) => scores),
    ),
  )

/** The images of these predictions as often as they count. */
export function repeated({ labels, probabilities, classCount }: Predictions, counts: ArrayLike<number>): Predictions {
  const images = Array.from(labels).flatMap((_, i) => new Array<number>(counts[i] ?? 0).fill(i))
  const rowOf = (i: number): number[] => [...probabilities.slice(i * classCount, (i + 1) * classCount)]
  return {
    labels: images.map((i) => labels[i] ?? 0),
    probabilities: Float32Array.from(images.flatMap(rowOf)),
    classCount,
  }
}

/** Equal but for rounding; NaN equals NaN. */
export const about = (value: number): unknown => (Number.isNaN(value) ? value : expect.closeTo(value, 12))
