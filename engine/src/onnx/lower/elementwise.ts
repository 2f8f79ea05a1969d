import type { BinaryFn, ElementwiseOp, UnaryFn } from '../../ir/elementwise.ts'
import { type Node, operands, type Shape, sameShape, sizeOf, type Value } from '../../ir/graph.ts'
import { ELEMENTS, emit, floats, longs } from '../graph.ts'
import { type Lowering, type Lowers, once, put, storedSize, tensorOf, view } from '../lowering.ts'
import { gemm, productIn } from './linear.ts'

const UNARY: Record<Exclude<UnaryFn, 'relu6'>, string> = {
  relu: 'Relu',
  sqrt: 'Sqrt',
  exp: 'Exp',
  log: 'Log',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  erf: 'Erf',
  abs: 'Abs',
  sign: 'Sign',
  softplus: 'Softplus',
}
const BINARY: Record<Exclude<BinaryFn, 'gate' | 'gate6' | 'greater'>, string> = {
  add: 'Add',
  subtract: 'Sub',
  multiply: 'Mul',
  divide: 'Div',
}

export const elementwiseLowers: Lowers<ElementwiseOp> = {
  unary: (l, { op, inputs: [x], output }) => {
    const tensor = tensorOf(l, x)
    put(l, output, emitUnary(l, op.fn, tensor.name), tensor.shape)
  },
  binary: (l, node) => {
    const fused = productIn(l, node)
    if (fused !== null) return gemm(l, fused.product, node.output, fused.addend)
    const [a, b] = operands(node)
    const times = repeats(l, a, b)
    if (times > 1) {
      const width = sizeOf(b.shape) * times
      const shape = [storedSize(l, a) / width, width]
      return put(l, node.output, emitBinary(l, node, view(l, a, shape), repeated(l, b, times)), shape)
    }
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

/** The runtime broadcasts row by row, and rows shorter than this take two to three times as long per number. */
const LONG_ROW = 512
/** A smaller operand is not worth another node. */
const MANY_NUMBERS = 2 ** 14

/** How often to repeat the vector `b`, so that it is broadcast over long rows: a power of two; 1 where that does not help. */
function repeats(l: Lowering, a: Value, b: Value): number {
  const [width] = b.shape
  if (b.shape.length !== 1 || width === undefined || sameShape(a.shape, b.shape) || storedSize(l, a) < MANY_NUMBERS)
    return 1
  const rows = storedSize(l, a) / width
  let times = 1
  while (2 * times * width <= LONG_ROW && rows % (2 * times) === 0) times *= 2
  return times
}

const repeated = (l: Lowering, vector: Value, times: number): string =>
  once(l, `repeated ${vector.id} ${times}`, () => {
    const width = sizeOf(vector.shape)
    const rows = emit(l.onnx, 'Expand', [view(l, vector, [1, width]), longs(l.onnx, [times, width])])
    return emit(l.onnx, 'Reshape', [rows, longs(l.onnx, [times * width])])
  })

function emitUnary(l: Lowering, fn: UnaryFn, x: string): string {
  if (fn !== 'relu6') return emit(l.onnx, UNARY[fn], [x])
  return emit(l.onnx, 'Clip', [x, floats(l.onnx, [], [0]), floats(l.onnx, [], [6])])
}

function emitBinary(
  l: Lowering,
  { op }: Node<Extract<ElementwiseOp, { type: 'binary' }>>,
  a: string,
  b: string,
): string {
  switch (op.fn) {
    case 'greater':
      return toFloats(l, emit(l.onnx, 'Greater', [a, b]))
    case 'gate':
      // Half the time of Where.
      return emit(l.onnx, 'Mul', [toFloats(l, isAbove(l, a, 0)), b])
    case 'gate6': {
      const isBelow = emit(l.onnx, 'Less', [a, floats(l.onnx, [], [6])])
      return emit(l.onnx, 'Mul', [toFloats(l, emit(l.onnx, 'And', [isAbove(l, a, 0), isBelow])), b])
    }
    default:
      return emit(l.onnx, BINARY[op.fn], [a, b])
  }
}

const isAbove = (l: Lowering, a: string, limit: number): string =>
  emit(l.onnx, 'Greater', [a, floats(l.onnx, [], [limit])])

const toFloats = (l: Lowering, flags: string): string => emit(l.onnx, 'Cast', [flags], { to: ELEMENTS.float32 })
