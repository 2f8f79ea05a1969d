import type { Node, Op, PerOp, Value } from '../ir/graph.ts'
import { avgPoolKernels } from './avgpool.ts'
import { convKernels } from './conv.ts'
import { depthwiseKernels } from './depthwise.ts'
import { elementwiseKernels } from './elementwise.ts'
import { linearKernels } from './linear.ts'
import { lossKernels } from './loss.ts'
import { poolKernels } from './pool.ts'
import { rowKernels } from './rows.ts'
import { shapeKernels } from './shape.ts'

/** Computes one node from its inputs, in float64, row-major. */
export type Kernel<O extends Op> = (node: Node<O>, inputs: readonly Float64Array[]) => Float64Array
export type Kernels<Family extends Op> = { readonly [T in Family['type']]: Kernel<Extract<Family, { type: T }>> }

const kernels: PerOp<Op, unknown> = {
  ...shapeKernels,
  ...elementwiseKernels,
  ...linearKernels,
  ...convKernels,
  ...depthwiseKernels,
  ...poolKernels,
  ...avgPoolKernels,
  ...rowKernels,
  ...lossKernels,
}

/**
 * Runs a graph in plain float64 loops: slow and simple, the oracle of the tests. `feeds` holds the graph's inputs; returns all values.
 */
export function runReference(
  nodes: readonly Node[],
  feeds: ReadonlyMap<Value, ArrayLike<number>>,
): ReadonlyMap<Value, Float64Array> {
  const values = new Map<Value, Float64Array>()
  for (const [value, data] of feeds) values.set(value, Float64Array.from(data))
  for (const node of nodes) {
    if (values.has(node.output)) continue
    // The table is keyed by `op.type`, so the kernel found takes this node's op; TypeScript cannot follow that link.
    const kernel = kernels[node.op.type] as Kernel<Op>
    const inputs = node.inputs.map((value) => values.get(value) ?? missing(value))
    values.set(node.output, kernel(node, inputs))
  }
  return values
}

function missing(value: Value): never {
  throw new Error(`value ${value.id} was never computed`)
}
