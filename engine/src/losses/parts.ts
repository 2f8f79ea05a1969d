import { greater, minus, times } from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { constant, filled } from '../ir/shape.ts'

export const scaled = (g: Graph, x: Value, factor: number): Value => times(g, x, constant(g, [], [factor]))

/** 1 where `x` is above `limit`, else 0. */
export const agreement = (g: Graph, x: Value, limit: Value): Value => greater(g, x, limit)

/** 1 − x */
export const inverse = (g: Graph, x: Value): Value => minus(g, filled(g, x.shape, 1), x)

/** 1 where two values of zeros and ones are equal, else 0: 1 − (a − b)². */
export function isSame(g: Graph, a: Value, b: Value): Value {
  const difference = minus(g, a, b)
  return inverse(g, times(g, difference, difference))
}
