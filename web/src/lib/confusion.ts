type Matrix = readonly (readonly number[])[]

const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0)

/** Each row in fractions of its class. */
export const rowFractions = (confusion: Matrix): number[][] =>
  confusion.map((row) => {
    const count = sum(row)
    return row.map((cell) => (count === 0 ? 0 : cell / count))
  })

/** Above this many classes the matrix becomes a list of its worst mistakes. */
export const MAX_MATRIX_CLASSES = 12

export interface Mistake {
  readonly was: string
  readonly said: string
  readonly fraction: number
  readonly count: number
}

/** The pairs confused most, by the fraction of the true class; pairs never confused are left out. */
export function worstPairs(confusion: Matrix, classNames: readonly string[], limit = MAX_MATRIX_CLASSES): Mistake[] {
  const fractions = rowFractions(confusion)
  const pairs = confusion.flatMap((row, i) =>
    row.flatMap((count, j): Mistake[] =>
      i === j || count === 0
        ? []
        : [{ was: classNames[i] ?? '', said: classNames[j] ?? '', fraction: fractions[i]?.[j] ?? 0, count }],
    ),
  )
  return pairs.sort((a, b) => b.fraction - a.fraction || b.count - a.count).slice(0, limit)
}
