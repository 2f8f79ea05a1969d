import { add, dims2, type Graph, operands, type Rules, type Value } from './graph.ts'

/** Matrix products and sums. */
export type LinearOp =
  /** Product of two matrices, each transposed first where asked. */
  | { readonly type: 'matMul'; readonly transposeA: boolean; readonly transposeB: boolean }
  /** Sum over some axes, which disappear. */
  | { readonly type: 'sum'; readonly axes: readonly number[] }

export function matMul(g: Graph, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  const [rows, inner] = transposeA ? dims2(a.shape).toReversed() : dims2(a.shape)
  const [innerB, columns] = transposeB ? dims2(b.shape).toReversed() : dims2(b.shape)
  if (rows === undefined || columns === undefined || inner !== innerB)
    throw new Error(`matMul: [${a.shape}] and [${b.shape}] do not fit`)
  return add(g, { type: 'matMul', transposeA, transposeB }, [a, b], [rows, columns])
}

export function sum(g: Graph, x: Value, axes: readonly number[]): Value {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis))
  return add(g, { type: 'sum', axes }, [x], shape)
}

export const linearRules: Rules<LinearOp> = {
  matMul: (g, node, dy) => {
    const [a, b] = operands(node)
    const { transposeA, transposeB } = node.op
    return [
      () => (transposeA ? matMul(g, b, dy, transposeB, true) : matMul(g, dy, b, false, !transposeB)),
      () => (transposeB ? matMul(g, dy, a, true, transposeA) : matMul(g, a, dy, !transposeA, false)),
    ]
  },
  sum: null,
}
