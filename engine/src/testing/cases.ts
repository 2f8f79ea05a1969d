import { differentiate } from '../ir/differentiate.ts'
import { type Graph, type Node, newGraph, sizeOf, type Value } from '../ir/graph.ts'
import { poolFirst, prune } from '../ir/passes.ts'
import { constant, input } from '../ir/shape.ts'
import type { OpCase } from './arbitraries.ts'
import { someLabels, someNumbers, spacedNumbers } from './numbers.ts'

/** A case as a graph with numbers for its inputs. */
export interface BuiltCase {
  readonly nodes: readonly Node[]
  readonly feeds: ReadonlyMap<Value, Float64Array>
  readonly output: Value
  /** What the output is multiplied with before it is summed up, so that one number is differentiated. */
  readonly weights: Float64Array
  readonly inputs: readonly Value[]
  /** Of the float inputs; none when not asked for. */
  readonly gradients: readonly Value[]
}

/** Builds a case, with its gradients where wanted; `optimise` runs the passes of training first. */
export function buildCase(example: OpCase, seed: number, want: { gradients: boolean; optimise?: boolean }): BuiltCase {
  const g = newGraph()
  const inputs = example.shapes.map((shape, i) => {
    const isLabels = example.classes !== undefined && i === example.shapes.length - 1
    return input(g, `input${i}`, shape, isLabels ? 'int' : 'float')
  })
  const output = example.build(g, inputs)
  if (want.optimise) poolFirst(g)
  const weights = someNumbers(sizeOf(output.shape), seed + 100)
  const floats = inputs.filter((value) => value.type === 'float')
  const gradients = want.gradients ? differentiate(g, output, seedOf(g, output, weights), floats) : []
  const feeds = new Map(inputs.map((value, i) => [value, numbersFor(value, example, seed + i)]))
  return { nodes: withInputs(g, inputs, [output, ...gradients]), feeds, output, weights, inputs: floats, gradients }
}

const seedOf = (g: Graph, output: Value, weights: Float64Array): Value => constant(g, output.shape, [...weights])

function numbersFor(value: Value, example: OpCase, seed: number): Float64Array {
  const count = sizeOf(value.shape)
  if (value.type === 'int') return Float64Array.from(someLabels(count, example.classes ?? 1, seed))
  if (example.numbers === 'random') return someNumbers(count, seed)
  const numbers = spacedNumbers(count, seed)
  return example.numbers === 'positive' ? numbers.map((x) => 1.5 + x) : numbers
}

/** Pruned nodes, keeping inputs that nothing reads. */
function withInputs(g: Graph, inputs: readonly Value[], outputs: readonly Value[]): readonly Node[] {
  return prune(g.nodes, [...inputs, ...outputs])
}
