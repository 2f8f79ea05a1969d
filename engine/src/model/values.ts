import type { Graph, Value } from '../ir/graph.ts'
import { sizeOf } from '../ir/graph.ts'
import { reshape, slice } from '../ir/shape.ts'
import type { ModelSpec } from './spec.ts'

/** The parameters of a model as values of a graph, by name. */
export interface Weights {
  get(name: string): Value
  /** From here on, the parameter that is `before` now is `after`. */
  replace(before: Value, after: Value): void
}

/** Cuts the flat weight vector, given whole or as its consecutive parts, into the parameters. */
export function openWeights(g: Graph, { parameters }: ModelSpec, parts: readonly Value[]): Weights {
  const values = new Map(
    parameters.map(({ name, shape, start }) => {
      const { part, offset } = partAt(parts, start)
      return [name, reshape(g, slice(g, part, 0, start - offset, sizeOf(shape)), shape)]
    }),
  )
  return {
    get(name) {
      const value = values.get(name)
      if (value === undefined) throw new Error(`no parameter ${name}`)
      return value
    },
    replace(before, after) {
      for (const [name, value] of values) if (value === before) values.set(name, after)
    },
  }
}

function partAt(parts: readonly Value[], start: number): { part: Value; offset: number } {
  let offset = 0
  for (const part of parts) {
    const size = sizeOf(part.shape)
    if (start < offset + size) return { part, offset }
    offset += size
  }
  throw new Error(`no parameter starts at ${start}`)
}
