import { dims2, dims4, type Node, type Op, operands, type Shape, sizeOf, type Value } from '../ir/graph.ts'
import type { Windows } from '../ir/windows.ts'
import { isOnePiece } from './storage.ts'

/** One call of a kernel: its name and its numbers. */
export interface Call {
  readonly kernel: string
  readonly numbers: readonly number[]
}

type PlaceOf = (value: Value) => number
type Lower<O extends Op> = (node: Node<O>, placeOf: PlaceOf) => readonly Call[]
type Lowers = { readonly [T in Op['type']]: Lower<Extract<Op, { type: T }>> }

const size = (shape: Shape, from: number, to?: number): number => sizeOf(shape.slice(from, to))

/** The places of a node's inputs and of its output. */
const places = ({ inputs, output }: Node, placeOf: PlaceOf): number[] => [...inputs, output].map(placeOf)

const windowNumbers = (w: Windows): number[] => [
  ...[w.inputHeight, w.inputWidth, w.height, w.width, w.strideY, w.strideX, w.dilationY, w.dilationX],
  ...[w.padTop, w.padLeft, w.outputHeight, w.outputWidth],
]

/** A kernel of windows: the images' batch and channels, then perhaps one number more. */
const windowed =
  (imagesOf: (node: Node) => Value, extraOf: (node: Node) => readonly number[]) =>
  (node: Node<Extract<Op, { windows: Windows }>>, placeOf: PlaceOf): readonly Call[] => {
    const [batch, , , channels] = dims4(imagesOf(node).shape)
    const numbers = [batch, channels, ...extraOf(node), ...windowNumbers(node.op.windows), ...places(node, placeOf)]
    return [{ kernel: node.op.type, numbers }]
  }

const first = (node: Node): Value => node.inputs[0] ?? node.output
const second = (node: Node): Value => operands(node)[1]
const output = (node: Node): Value => node.output
const lastAxis =
  (of: (node: Node) => Value) =>
  (node: Node): number[] => [of(node).shape.at(-1) ?? 1]

/** A kernel of rows: how many, and how long. */
const rows =
  (matrixOf: (node: Node) => Value) =>
  (node: Node, placeOf: PlaceOf): readonly Call[] => {
    const { shape } = matrixOf(node)
    return [{ kernel: node.op.type, numbers: [size(shape, 0, -1), shape.at(-1) ?? 1, ...places(node, placeOf)] }]
  }

/** Copies `count` pieces of `width` numbers. */
const copy = (count: number, width: number, [from, fromStride]: Strided, [to, toStride]: Strided): Call => ({
  kernel: 'copy',
  numbers: [count, width, fromStride, toStride, from, to],
})
type Strided = readonly [place: number, stride: number]

const stridesOf = (shape: Shape): number[] => shape.map((_, axis) => size(shape, axis + 1))

/** Number by number, in the order of the output; `strides` say how far the input moves along each axis of it. */
function gather(node: Node, placeOf: PlaceOf, strides: readonly number[]): Call {
  const own = stridesOf(node.output.shape)
  const steps = node.output.shape.flatMap((count, axis) => [count, strides[axis] ?? 0, own[axis] ?? 0])
  return { kernel: 'gather', numbers: [node.output.shape.length, ...steps, ...places(node, placeOf)] }
}

/** Chains have them. */
const inChain = (): never => {
  throw new Error('a function of single numbers is part of a chain')
}

const lowers: Lowers = {
  input: () => [],
  constant: () => [],
  toFloat: () => [],
  reshape: () => [],
  unary: inChain,
  binary: inChain,
  conv2d: windowed(first, lastAxis(output)),
  conv2dGradInput: windowed(output, lastAxis(first)),
  conv2dGradFilter: windowed(first, lastAxis(second)),
  depthwiseConv2d: windowed(first, lastAxis(second)),
  depthwiseConv2dGradInput: windowed(output, lastAxis(second)),
  depthwiseConv2dGradFilter: windowed(first, lastAxis(output)),
  maxPool: windowed(first, () => []),
  maxPoolGrad: windowed(output, () => []),
  avgPool: windowed(first, () => []),
  avgPoolGrad: windowed(output, () => []),
  softmax: rows(output),
  firstMax: rows(output),
  oneHot: rows(output),
  crossEntropy: rows(first),
  isCorrect: rows(first),
  matMul: (node, placeOf) => {
    const { transposeA, transposeB } = node.op
    const [rowCount, columnCount] = dims2(node.output.shape)
    const inner = dims2(first(node).shape)[transposeA ? 0 : 1]
    const numbers = [Number(transposeA), Number(transposeB), rowCount, columnCount, inner, ...places(node, placeOf)]
    return [{ kernel: 'matMul', numbers }]
  },
  sum: (node, placeOf) => {
    const { shape } = first(node)
    const [start, end] = [node.op.axes[0] ?? 0, (node.op.axes.at(-1) ?? 0) + 1]
    const numbers = [size(shape, 0, start), size(shape, start, end), size(shape, end), ...places(node, placeOf)]
    return [{ kernel: 'sum', numbers }]
  },
  expand: (node, placeOf) => {
    const { shape } = first(node)
    const strides = stridesOf(shape).map((stride, axis) => (shape[axis] === 1 ? 0 : stride))
    const before = new Array<number>(node.output.shape.length - shape.length).fill(0)
    return [gather(node, placeOf, [...before, ...strides])]
  },
  transpose: (node, placeOf) => {
    const strides = stridesOf(first(node).shape)
    const moved = node.op.permutation.map((axis) => strides[axis] ?? 0)
    return [gather(node, placeOf, moved)]
  },
  slice: (node, placeOf) => {
    if (isOnePiece(node)) return []
    const { axis, start } = node.op
    const [x, y] = [first(node), node.output]
    const inner = size(x.shape, axis + 1)
    const [whole, width] = [(x.shape[axis] ?? 1) * inner, (y.shape[axis] ?? 1) * inner]
    return [copy(size(x.shape, 0, axis), width, [placeOf(x) + start * inner, whole], [placeOf(y), width])]
  },
  concat: (node, placeOf) => {
    const { axis } = node.op
    const whole = size(node.output.shape, axis)
    let to = placeOf(node.output)
    return node.inputs.flatMap((part) => {
      const width = size(part.shape, axis)
      const target = to
      to += width
      if (placeOf(part) === target && isOnePiece(node)) return []
      return [copy(size(part.shape, 0, axis), width, [placeOf(part), width], [target, whole])]
    })
  },
  pad: (node, placeOf) => {
    const { axis, before } = node.op
    const [x, y] = [first(node), node.output]
    const inner = size(x.shape, axis + 1)
    const [width, whole] = [(x.shape[axis] ?? 1) * inner, (y.shape[axis] ?? 1) * inner]
    const zeros = { kernel: 'zeros', numbers: [sizeOf(y.shape), placeOf(y)] }
    return [zeros, copy(size(x.shape, 0, axis), width, [placeOf(x), width], [placeOf(y) + before * inner, whole])]
  },
}

/** The kernels that compute a node which is not in a chain; none where its output shares the memory of its input. */
export function callsFor(node: Node, placeOf: PlaceOf): readonly Call[] {
  // The table is keyed by `op.type`, so the entry found takes this node's op; TypeScript cannot follow that link.
  const lower = lowers[node.op.type] as Lower<Op>
  return lower(node, placeOf)
}
