type Matrix = readonly (readonly number[])[]

const sum = (row: readonly number[]): number => row.reduce((a, b) => a + b, 0)

/** Each row in fractions of its class. */
export const rowFractions = (confusion: Matrix): number[][] =>
  confusion.map((row) => {
    const count = sum(row)
    return row.map((cell) => (count === 0 ? 0 : cell / count))
  })

/** A place in the matrix: a class, and the one that the model said, by number. */
export interface Cell {
  readonly was: number
  readonly said: number
}

const STEPS: Readonly<Record<string, readonly [down: number, right: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

/** Where a key leads from a cell, at an edge to the cell itself; null for a key that leads nowhere. Home and End stay in the row. */
export function moveInMatrix(key: string, { was, said }: Cell, size: number): Cell | null {
  if (key === 'Home') return { was, said: 0 }
  if (key === 'End') return { was, said: size - 1 }
  const step = Object.hasOwn(STEPS, key) ? STEPS[key] : undefined
  if (step === undefined) return null
  const inside = (place: number): number => Math.min(size - 1, Math.max(0, place))
  return { was: inside(was + step[0]), said: inside(said + step[1]) }
}

/** What the pictures of a class were named, and how many so: mistakes first, then the more frequent. */
export const namesGiven = (confusion: Matrix, was: number): { readonly said: number; readonly count: number }[] =>
  (confusion[was] ?? [])
    .map((count, said) => ({ said, count }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => Number(a.said === was) - Number(b.said === was) || b.count - a.count)

/** Above this many classes the matrix becomes a list of its worst mistakes. */
export const MAX_MATRIX_CLASSES = 12

export interface Mistake {
  readonly cell: Cell
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
        : [
            {
              cell: { was: i, said: j },
              was: classNames[i] ?? '',
              said: classNames[j] ?? '',
              fraction: fractions[i]?.[j] ?? 0,
              count,
            },
          ],
    ),
  )
  return pairs.sort((a, b) => b.fraction - a.fraction || b.count - a.count).slice(0, limit)
}
