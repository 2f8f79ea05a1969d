import { classScoresOf, type ModelEvaluation, type Requirement } from '@pawprint/protocol'

type Scores = NonNullable<ModelEvaluation['classes']>[number]

export interface ClassRow extends Omit<Scores, 'averagePrecision'> {
  /** Place among the classes of the task. */
  readonly index: number
  readonly name: string
}
export type SortKey = 'index' | 'name' | 'support' | 'precision' | 'recall' | 'f1' | 'auc'
export interface Sorting {
  readonly key: SortKey
  readonly isDown: boolean
}

/** Scores of each class as its agent sent them, else as its confusion gives them; none without either. */
export function classRowsOf({ classes, confusion = [] }: ModelEvaluation, classNames: readonly string[]): ClassRow[] {
  const scores = classes ?? classScoresOf(confusion).map((score) => ({ ...score, auc: null }))
  return scores.map(({ precision, recall, f1, support, auc }, index) => ({
    ...{ index, name: classNames[index] ?? `class ${index + 1}` },
    ...{ precision, recall, f1, support, auc },
  }))
}

/** Equal ones stay in the order of the classes; what is not known comes last. */
export function sortRows(rows: readonly ClassRow[], { key, isDown }: Sorting): ClassRow[] {
  const sign = isDown ? -1 : 1
  const compare = (a: ClassRow, b: ClassRow): number => {
    if (key === 'name') return sign * a.name.localeCompare(b.name)
    const [one, other] = [a[key], b[key]]
    if (one === null || other === null) return Number(one === null) - Number(other === null)
    return sign * (one - other)
  }
  return rows.toSorted(compare)
}

/** What a press on a column's head makes of the order: names rise first, numbers fall first, and a second press turns it. */
export const nextSorting = (now: Sorting, key: SortKey): Sorting =>
  now.key === key ? { key, isDown: !now.isDown } : { key, isDown: key !== 'name' }

/** The least that the task asks for of this score of this class; null when it asks for nothing. */
export function askedFor(requirements: readonly Requirement[], name: string, score: string): number | null {
  const bounds = requirements.flatMap(({ metric, className, min }) =>
    metric === score && className === name && min !== undefined ? [min] : [],
  )
  return bounds.length === 0 ? null : Math.max(...bounds)
}
