// Plain types, equal in shape to the wire's: a notebook's compiler (TypeScript 5.0) reads these and no schema library.

/** What a model is for. Models are compared within a task only. */
export interface Task {
  /** Lower-case letters, digits and "-"; at most 64. */
  readonly name: string
  /** 2 to 1,000 names, in the order of the model's outputs. */
  readonly classNames: readonly string[]
  /** By which models are compared; `min` and `max` bound the values that count. */
  readonly metric: {
    readonly name: string
    readonly direction: 'max' | 'min'
    readonly min: number
    readonly max: number
  }
  /** A model that misses one of these is not deployed by itself. At most 64. Those that were registered last hold. */
  readonly requirements?: readonly Requirement[]
}

/**
 * What a model must reach: a metric of its report (`testAccuracy`, `testMacroF1`, `testTop5`, `testAuc`, `testMap`, `testEce`, `latencyMs` …),
 * or with `className` a score of that class (`precision`, `recall`, `f1`, `auc`, `averagePrecision`). At least one of `min` and `max`.
 */
export interface Requirement {
  readonly metric: string
  readonly className?: string
  readonly min?: number
  readonly max?: number
}
