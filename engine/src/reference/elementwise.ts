import type { BinaryFn, ElementwiseOp, UnaryFn } from '../ir/elementwise.ts'
import { operands } from '../ir/graph.ts'
import { at, indexOf, only, positionAt, two } from './arrays.ts'
import type { Kernels } from './run.ts'

const UNARY: Record<UnaryFn, (x: number) => number> = {
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  erf,
  abs: Math.abs,
  sign: Math.sign,
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
}

const BINARY: Record<BinaryFn, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b) => a * b,
  divide: (a, b) => a / b,
  gate: (a, b) => (a > 0 ? b : 0),
  gate6: (a, b) => (a > 0 && a < 6 ? b : 0),
  greater: (a, b) => (a > b ? 1 : 0),
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

/** From here on, erf is 1 in float64. */
const ERF_IS_ONE = 6

/** erf(x) = 2 / √π · e^(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)): no term cancels another (Abramowitz and Stegun 7.1.6). */
function erf(x: number): number {
  if (Math.abs(x) >= ERF_IS_ONE) return Math.sign(x)
  let [total, term] = [x, x]
  for (let n = 1; Math.abs(term) > Number.EPSILON * Math.abs(total); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    total += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total
}
