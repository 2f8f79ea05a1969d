import { minus, over, plus, sqrt, times } from './elementwise.ts'
import { type Graph, sizeOf, type Value } from './graph.ts'
import { sum } from './linear.ts'
import { constant } from './shape.ts'

/** A normalised value, and the moments it was normalised by. */
export interface Normalised {
  readonly output: Value
  readonly mean: Value
  /** Of the batch itself: the mean square of what differs from the mean. */
  readonly variance: Value
}

/**
 * Batch normalisation as in training: (x − mean) / √(variance + epsilon) × gamma + beta, with the moments of each channel (the last axis) over
 * all other axes. gamma and beta are `[channels]`.
 */
export function batchNorm(g: Graph, x: Value, gamma: Value, beta: Value, epsilon: number): Normalised {
  const mean = meanOf(g, x)
  const centred = minus(g, x, mean)
  const variance = meanOf(g, times(g, centred, centred))
  const deviation = sqrt(g, plus(g, variance, constant(g, [], [epsilon])))
  const scale = over(g, gamma, deviation)
  const output = plus(g, times(g, centred, scale), beta)
  const gradients = (dy: Value): (() => Value)[] => {
    const total = once(() => sumRows(g, dy))
    // Sum of dy × x̂, where x̂ = centred / deviation.
    const product = once(() => over(g, sumRows(g, times(g, dy, centred)), deviation))
    // d x: scale × (dy − mean(dy) − x̂ × mean(dy × x̂)), with all that is constant for a channel put together first.
    const dx = (): Value => {
      const share = times(g, scale, constant(g, [], [1 / rowsOf(x)]))
      const along = times(g, centred, over(g, times(g, share, product()), deviation))
      return minus(g, times(g, dy, scale), plus(g, along, times(g, share, total())))
    }
    return [dx, product, total]
  }
  g.closedForms.set(output, { inputs: [x, gamma, beta], gradients })
  return { output, mean, variance }
}

/** Numbers of each channel, the last axis. */
export const rowsOf = (x: Value): number => sizeOf(x.shape.slice(0, -1))

export const sumRows = (g: Graph, x: Value): Value =>
  sum(
    g,
    x,
    x.shape.slice(0, -1).map((_, axis) => axis),
  )

export const meanOf = (g: Graph, x: Value): Value => times(g, sumRows(g, x), constant(g, [], [1 / rowsOf(x)]))

function once(make: () => Value): () => Value {
  let made: Value | undefined
  return () => {
    made ??= make()
    return made
  }
}
