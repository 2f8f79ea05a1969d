import type { BinaryFn, ElementwiseOp, UnaryFn } from '../../ir/elementwise.ts'
import { type Node, operands, type Shape, sameShape, sizeOf, type Value } from '../../ir/graph.ts'
import { ELEMENTS, emit, floats } from '../graph.ts'
import { type Lowering, type Lowers, put, tensorOf, view } from '../lowering.ts'
import { gemm, productIn } from './linear.ts'

const UNARY: Record<UnaryFn, string> = {
  relu: 'Relu',
  sqrt: 'Sqrt',
  exp: 'Exp',
  log: 'Log',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  erf: 'Erf',
  abs: 'Abs',
  sign: 'Sign',
}
const BINARY: Record<Exclude<BinaryFn, 'gate' | 'greater'>, string> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
}

export const elementwiseLowers: Lowers<ElementwiseOp> = {
  unary: (l, { op, inputs: [x], output }) => {
    const tensor = tensorOf(l, x)
    put(l, output, emit(l.onnx, UNARY[op.fn], [tensor.name]), tensor.shape)
  },
  binary: (l, node) => {
    const fused = productIn(l, node)
    if (fused !== null) return gemm(l, fused.product, node.output, fused.addend)
    const [a, b] = operands(node)
    const shape = sharedAxes(l, a, b)
    const [x, y] = [view(l, a, shape), view(l, b, sameShape(a.shape, b.shape) ? shape : b.shape)]
    put(l, node.output, emitBinary(l, node, x, y), shape)
  },
}

/** Axes for `a` under which `b` broadcasts as in the IR, preferring those that `a` already has. */
function sharedAxes(l: Lowering, a: Value, b: Value): Shape {
  const stored = tensorOf(l, a).shape
  if (sameShape(a.shape, b.shape) || b.shape.length === 0) return stored
  const [width] = b.shape
  if (b.shape.length !== 1 || width === undefined) return a.shape
  return stored.at(-1) === width ? stored : [sizeOf(a.shape) / width, width]
}

function emitBinary(
  l: Lowering,
  { op }: Node<Extract<ElementwiseOp, { type: 'binary' }>>,
  a: string,
  b: string,
): string {
  switch (op.fn) {
    case 'greater':
      return emitGreater(l, a, b)
    case 'gate':
      // Half the time of Where.
      return emit(l.onnx, 'Mul', [emitGreater(l, a, floats(l.onnx, [], [0])), b])
    default:
      return emit(l.onnx, BINARY[op.fn], [a, b])
  }
}

const emitGreater = (l: Lowering, a: string, b: string): string =>
  emit(l.onnx, 'Cast', [emit(l.onnx, 'Greater', [a, b])], { to: ELEMENTS.float32 })
