import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runReference } from '../reference/run.ts'
import { type BuiltCase, buildCase } from '../testing/cases.ts'
import { relativeError } from '../testing/numbers.ts'
import { DIFFERENTIABLE } from '../testing/ops.ts'
import type { Value } from './graph.ts'

/** Step of the central differences; the error of a smooth function is of the order of its square. */
const STEP = 1e-5
/** Inputs and weights lie in −1 … 1: what rounding leaves in a difference is of the size of the sum, not of a small gradient. */
const INPUT_SIZE = 1

test.each(Object.entries(DIFFERENTIABLE))('gradient of %s is that of central differences', (_, cases) => {
  fc.assert(
    fc.property(cases, fc.nat(1000), fc.boolean(), (example, seed, optimise) => {
      const built = buildCase(example, seed, { gradients: true, optimise })
      const values = runReference(built.nodes, built.feeds)
      built.inputs.forEach((value, i) => {
        const gradient = built.gradients[i] && values.get(built.gradients[i])
        expect(relativeError(gradient ?? [], centralDifferences(built, value), INPUT_SIZE)).toBeLessThan(1e-7)
      })
    }),
    { numRuns: 15 },
  )
})

function centralDifferences(built: BuiltCase, value: Value): number[] {
  const start = built.feeds.get(value) ?? new Float64Array()
  return Array.from(start, (_, i) => {
    const [up, down] = [STEP, -STEP].map((step) => {
      const moved = start.map((x, j) => (j === i ? x + step : x))
      return weightedSum(built, new Map([...built.feeds, [value, moved]]))
    })
    return ((up ?? 0) - (down ?? 0)) / (2 * STEP)
  })
}

function weightedSum({ nodes, output, weights }: BuiltCase, feeds: ReadonlyMap<Value, Float64Array>): number {
  const result = runReference(nodes, feeds).get(output) ?? new Float64Array()
  return result.reduce((total, x, i) => total + x * (weights[i] ?? 0), 0)
}
