import { minus, over, plus, relu, sqrt, times } from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { constant } from '../ir/shape.ts'
import type { Clipping } from '../types.ts'

/** Limits a flat gradient: first each number, then the length of all. */
export function clip(g: Graph, gradient: Value, { clipValue, clipNorm }: Clipping): Value {
  const clamped = clipValue === undefined ? gradient : clamp(g, gradient, clipValue)
  return clipNorm === undefined ? clamped : shorten(g, clamped, clipNorm)
}

/** x between −limit and limit; what lies there already stays the same bits. */
function clamp(g: Graph, x: Value, limit: number): Value {
  const excess = relu(g, minus(g, x, constant(g, [], [limit])))
  const shortfall = relu(g, minus(g, times(g, x, constant(g, [], [-1])), constant(g, [], [limit])))
  return plus(g, minus(g, x, excess), shortfall)
}

/** x · limit / max(limit, ‖x‖) */
function shorten(g: Graph, x: Value, limit: number): Value {
  const by = constant(g, [], [limit])
  const length = sqrt(g, sum(g, times(g, x, x), [0]))
  const longer = plus(g, relu(g, minus(g, length, by)), by)
  return times(g, x, over(g, by, longer))
}
