import { add, type Graph, type Rules, type Value } from './graph.ts'

/** Ops on each row, which is what lies along the last axis. */
export type RowOp =
  /** 1 at the first of a row's largest elements, else 0. The largest itself is the sum over a row of x × firstMax(x). */
  { readonly type: 'firstMax' }

export const firstMax = (g: Graph, x: Value): Value => add(g, { type: 'firstMax' }, [x], x.shape)

// Constant but for jumps, so without a gradient.
export const rowRules: Rules<RowOp> = { firstMax: () => [null] }
