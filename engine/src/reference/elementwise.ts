import type { BinaryFn, ElementwiseOp, UnaryFn } from '../ir/elementwise.ts'
import { operands } from '../ir/graph.ts'
import { at, indexOf, only, positionAt, two } from './arrays.ts'
import type { Kernels } from './run.ts'

const UNARY: Record<UnaryFn, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  sqrt: Math.sqrt,
}

const BINARY: Record<BinaryFn, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  gate: (a, b) => (a > 0 ? b : 0),
}

export const elementwiseKernels: Kernels<ElementwiseOp> = {
  unary: ({ op }, inputs) => only(inputs).map(UNARY[op.fn]),
  binary: (node, inputs) => {
    const fn = BINARY[node.op.fn]
    const [x, y] = operands(node)
    const [a, b] = two(inputs)
    if (a.length === b.length) return a.map((value, i) => fn(value, at(b, i)))
    return a.map((value, i) => fn(value, at(b, indexOf(positionAt(i, x.shape), y.shape))))
  },
}
