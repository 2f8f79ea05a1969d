/**
 * How well one class is found. With R pictures of it named rightly, N named so and S of it in all: precision R / N, recall R / S,
 * F1 their harmonic mean 2R / (N + S). Each is 0 where its denominator is, as with scikit-learn's zero_division=0.
 */
export interface ClassScore {
  readonly precision: number
  readonly recall: number
  readonly f1: number
  /** S: how many pictures are of this class. */
  readonly support: number
}

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

export const scoreOf = (right: number, named: number, support: number): ClassScore => ({
  precision: ratio(right, named),
  recall: ratio(right, support),
  f1: ratio(2 * right, named + support),
  support,
})

/** The scores of each class by a confusion matrix: rows are true classes, columns named ones. */
export function classScoresOf(confusion: readonly (readonly number[])[]): ClassScore[] {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  return confusion.map((row, c) => scoreOf(row[c] ?? 0, sum(confusion.map((other) => other[c] ?? 0)), sum(row)))
}
