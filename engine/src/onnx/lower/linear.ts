import { dims2, type Node, operands, sameShape, type Value } from '../../ir/graph.ts'
import type { LinearOp } from '../../ir/linear.ts'
import { emit, floats, longs } from '../graph.ts'
import { type Lowering, type Lowers, once, put, storedSize, view } from '../lowering.ts'

type MatMul = Node<Extract<LinearOp, { type: 'matMul' }>>

export const linearLowers: Lowers<LinearOp> = {
  matMul: (l, node) => {
    const [reader, ...others] = l.users.get(node.output) ?? []
    // A product that is only added to something is made by that addition.
    if (reader !== undefined && others.length === 0 && productIn(l, reader)?.product === node) return
    gemm(l, node, node.output, null)
  },
  sum: (l, { op, inputs: [x], output }) => {
    if (x === undefined) throw new Error('sum: no input')
    const isAllButLast = op.axes.length === x.shape.length - 1 && !op.axes.includes(x.shape.length - 1)
    if (isAllButLast) return sumRows(l, x, output)
    put(l, output, emit(l.onnx, 'ReduceSum', [view(l, x, x.shape), longs(l.onnx, op.axes)], { keepdims: 0 }))
  },
  expand: (l, { inputs: [x], output }) =>
    put(l, output, emit(l.onnx, 'Expand', [view(l, x, x?.shape ?? []), longs(l.onnx, output.shape)])),
}

/** A product with a row of ones takes half the time of ReduceSum. The layout of rows does not matter to a sum over all of them. */
function sumRows(l: Lowering, x: Value, output: Value): void {
  const width = x.shape.at(-1) ?? 1
  const rows = storedSize(l, x) / width
  const ones = once(l, `ones ${rows}`, () => floats(l.onnx, [1, rows], new Float32Array(rows).fill(1)))
  put(l, output, emit(l.onnx, 'MatMul', [ones, view(l, x, [rows, width])]), [1, width])
}

/** An addition as ONNX's Gemm sees it: one matrix product that nothing else reads, plus a bias or a matrix of the same size. */
export function productIn(l: Lowering, node: Node): { product: MatMul; addend: Value } | null {
  if (node.op.type !== 'binary' || node.op.fn !== 'add') return null
  const [a, b] = operands(node)
  for (const [value, addend] of [
    [b, a],
    [a, b],
  ] as const) {
    const product = l.producers.get(value)
    if (product === undefined || !isMatMul(product) || (l.users.get(value) ?? []).length !== 1 || l.outputs.has(value))
      continue
    const isBias = addend.shape.length === 1 && addend.shape[0] === value.shape[1]
    if (value !== addend && (isBias || sameShape(addend.shape, value.shape))) return { product, addend }
  }
  return null
}

/** Emits a matrix product, plus `addend` where given, as the value `output`. */
export function gemm(l: Lowering, product: MatMul, output: Value, addend: Value | null): void {
  const [a, b] = operands(product)
  const names = [view(l, a, dims2(a.shape)), view(l, b, dims2(b.shape))]
  if (addend !== null) names.push(view(l, addend, addend.shape))
  const { transposeA, transposeB } = product.op
  put(l, output, emit(l.onnx, 'Gemm', names, { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }))
}

const isMatMul = (node: Node): node is MatMul => node.op.type === 'matMul'
