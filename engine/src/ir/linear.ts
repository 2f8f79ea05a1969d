import { add, dims2, type Graph, operands, type Rules, type Shape, sameShape, type Value } from './graph.ts'
import { reshape } from './shape.ts'

/** Matrix products, sums over axes, and repetition along axes. */
export type LinearOp =
  /** Product of two matrices, each transposed first where asked. */
  | { readonly type: 'matMul'; readonly transposeA: boolean; readonly transposeB: boolean }
  /** Sum over some axes, which disappear. */
  | { readonly type: 'sum'; readonly axes: readonly number[] }
  /** Repeats a value until it has the output's shape: numpy's broadcasting. */
  | { readonly type: 'expand' }

export function matMul(g: Graph, a: Value, b: Value, transposeA = false, transposeB = false): Value {
  const [rows, inner] = transposeA ? dims2(a.shape).toReversed() : dims2(a.shape)
  const [innerB, columns] = transposeB ? dims2(b.shape).toReversed() : dims2(b.shape)
  if (rows === undefined || columns === undefined || inner !== innerB)
    throw new Error(`matMul: [${a.shape}] and [${b.shape}] do not fit`)
  return add(g, { type: 'matMul', transposeA, transposeB }, [a, b], [rows, columns])
}

export function sum(g: Graph, x: Value, axes: readonly number[]): Value {
  if (axes.length === 0) return x
  const shape = x.shape.filter((_, axis) => !axes.includes(axis))
  return add(g, { type: 'sum', axes }, [x], shape)
}

export function expand(g: Graph, x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x
  if (!broadcasts(x.shape, shape)) throw new Error(`expand: [${x.shape}] does not broadcast to [${shape}]`)
  return add(g, { type: 'expand' }, [x], shape)
}

/** True when `shape`, with axes of size one repeated and leading axes put before it, can become `to`. */
export function broadcasts(shape: Shape, to: Shape): boolean {
  const offset = to.length - shape.length
  return offset >= 0 && shape.every((dim, axis) => dim === 1 || dim === to[axis + offset])
}

/** The reverse of expand, and its gradient: the sum over the axes along which `shape` was repeated. */
export function unbroadcast(g: Graph, dy: Value, shape: Shape): Value {
  const offset = dy.shape.length - shape.length
  const axes = dy.shape.flatMap((dim, axis) => (axis < offset || shape[axis - offset] !== dim ? [axis] : []))
  return axes.length === 0 ? dy : reshape(g, sum(g, dy, axes), shape)
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
  sum: (g, { op, inputs: [x] }, dy) => {
    if (x === undefined) throw new Error('sum: no input')
    const kept = x.shape.map((dim, axis) => (op.axes.includes(axis) ? 1 : dim))
    return [() => expand(g, reshape(g, dy, kept), x.shape)]
  },
  expand: (g, { inputs: [x] }, dy) => [() => unbroadcast(g, dy, x?.shape ?? [])],
}
