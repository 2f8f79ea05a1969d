import { dims2, type Node, operands, sameShape, sizeOf, type Value } from '../../ir/graph.ts'
import type { LinearOp } from '../../ir/linear.ts'
import { emit, longs } from '../graph.ts'
import { type Lowering, type Lowers, put, tensorOf, view } from '../lowering.ts'

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
    const width = x.shape.at(-1) ?? 1
    // The layout of rows does not matter to a sum over all of them.
    const [shape, axes] = isAllButLast ? [[storedSize(l, x) / width, width], [0]] : [x.shape, op.axes]
    put(l, output, emit(l.onnx, 'ReduceSum', [view(l, x, shape), longs(l.onnx, axes)], { keepdims: 0 }))
  },
  expand: (l, { inputs: [x], output }) =>
    put(l, output, emit(l.onnx, 'Expand', [view(l, x, x?.shape ?? []), longs(l.onnx, output.shape)])),
}

/** Numbers stored for a value: fewer than in the IR when its layout leaves out pixels. */
const storedSize = (l: Lowering, value: Value): number => sizeOf(tensorOf(l, value).shape)

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
