import type { Graph, Value } from '../ir/graph.ts'
import type { Clipping } from '../types.ts'

/**
 * How an optimiser changes what is trained. All of it is one flat vector, and so is each slot (a moment, a velocity): one long vector is
 * faster than many short ones. Slots start at zero.
 */
export interface UpdateRule {
  readonly slotCount: number
  readonly clipping: Clipping
  /** Numbers that change with the step, counted from 1, computed in float64 outside the graph; the learning rate is times `factor`. */
  scalarsAt(step: number, factor: number): readonly number[]
  /** Appends the update and returns the new weights and slots. */
  build(
    g: Graph,
    state: { weights: Value; slots: readonly Value[]; gradient: Value; scalars: readonly Value[] },
  ): {
    weights: Value
    slots: readonly Value[]
  }
}
