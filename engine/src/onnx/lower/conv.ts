import type { ConvOp } from '../../ir/conv.ts'
import { dims4, operands, type Value } from '../../ir/graph.ts'
import type { Windows } from '../../ir/windows.ts'
import { emit, ints, longs, type OnnxGraph } from '../graph.ts'
import type { PixelOrder } from '../layout.ts'
import { type Lowering, type Lowers, once, orderOf, put, type Tensor, view } from '../lowering.ts'
import { areColumns, columns, withZeroPixel } from './columns.ts'
import { inParts, partSize, sumOfParts } from './parts.ts'
import { gradientTable, keyOf } from './tables.ts'

/*
 * A convolution is one matrix product: `columns` gathers, for every output pixel, the input pixels under the filter (im2col) by one Gather
 * with a constant table, and the filters are a matrix as they are. On onnxruntime's CPU provider this is faster than Conv. Columns that are
 * too large for a core's cache are made and used for a part of the batch at a time, and made again for the gradient of the
 * filters; smaller ones are kept for it.
 */
export const convLowers: Lowers<ConvOp> = {
  conv2d: (l, node) => {
    const [x, filter] = operands(node)
    const filters = dims4(filter.shape)[3]
    const { images, size, depth, of } = columnsOf(l, x, node.op.windows, outputOrder(l, node.output, node.op.windows))
    const matrix = view(l, filter, [depth, filters])
    const rows = inParts(l, [images], size, (onnx, [part = images]) => {
      const { name, shape } = of(onnx, part)
      return { name: emit(onnx, 'MatMul', [name, matrix]), shape: [shape[0] ?? 0, filters] }
    })
    put(l, node.output, rows.name, rows.shape)
  },
  conv2dGradFilter: (l, node) => {
    const [x, dy] = operands(node)
    const [batch, , , filters] = dims4(dy.shape)
    const order = outputOrder(l, dy, node.op.windows)
    const { images, size, depth, of } = columnsOf(l, x, node.op.windows, order)
    const gradients = rowsOf(l, dy, [batch, order.pixels.length, filters])
    const shape = [filters, depth]
    const sum = sumOfParts(l, [images, gradients], size, shape, (onnx, [part = images, dyPart = gradients], before) => {
      const { name, shape } = of(onnx, part)
      const rows = emit(onnx, 'Reshape', [dyPart.name, longs(onnx, [shape[0] ?? 0, filters])])
      if (before !== null) return emit(onnx, 'Gemm', [rows, name, before], { transA: 1 })
      // Transpose and MatMul of the thin matrix: 2.5 ms where Gemm with transA takes 3.7, when columns are large.
      return emit(onnx, 'MatMul', [emit(onnx, 'Transpose', [rows], { perm: [1, 0] }), name])
    })
    put(l, node.output, emit(l.onnx, 'Transpose', [sum], { perm: [1, 0] }), [depth, filters])
  },
  conv2dGradInput: (l, node) => {
    const { windows } = node.op
    const [dy, filter] = operands(node)
    const [batch, height, width, channels] = dims4(node.output.shape)
    const filters = dims4(filter.shape)[3]
    const order = outputOrder(l, dy, windows)
    const depth = windows.height * windows.width * filters
    const table = ints(l.onnx, [height * width * windows.height * windows.width], gradientTable(windows, order))
    const matrix = transposedFilter(l, filter)
    const gradients = rowsOf(l, dy, [batch, order.pixels.length, filters])
    const size = partSize(batch, 4 * height * width * depth)
    const rows = inParts(l, [gradients], size, (onnx, [part = gradients]) => {
      const count = (part.shape[0] ?? 0) * height * width
      const gathered = emit(onnx, 'Gather', [withZeroPixel(onnx, part), table], { axis: 1 })
      const col = emit(onnx, 'Reshape', [gathered, longs(onnx, [count, depth])])
      return { name: emit(onnx, 'MatMul', [col, matrix]), shape: [count, channels] }
    })
    put(l, node.output, rows.name, rows.shape)
  },
}

const outputOrder = (l: Lowering, output: Value, { outputHeight, outputWidth }: Windows): PixelOrder =>
  orderOf(l, output, outputHeight * outputWidth)

const rowsOf = (l: Lowering, value: Value, shape: Tensor['shape']): Tensor => ({ name: view(l, value, shape), shape })

/** The columns of a convolution's images: made of `size` samples at a time by `of`, which gives `[rows, depth]`. */
interface Columns {
  readonly images: Tensor
  readonly size: number
  readonly depth: number
  of(onnx: OnnxGraph, part: Tensor): Tensor
}

function columnsOf(l: Lowering, x: Value, windows: Windows, order: PixelOrder): Columns {
  const [batch, height, width, channels] = dims4(x.shape)
  const images = rowsOf(l, x, [batch, height * width, channels])
  const depth = windows.height * windows.width * channels
  const rows = order.pixels.length
  // Pixels that are columns as they are need no other place.
  const size = areColumns(windows, order) ? batch : partSize(batch, 4 * rows * depth)
  const make = (onnx: OnnxGraph, part: Tensor): string => columns(onnx, part, windows, order)
  return {
    images,
    size,
    depth,
    of(onnx, part) {
      const key = `columns ${x.id} ${keyOf(windows)} ${order.key}`
      const name = size === batch ? once(l, key, () => make(onnx, part)) : make(onnx, part)
      return { name, shape: [(part.shape[0] ?? 0) * rows, depth] }
    },
  }
}

/** Filters `[taps × channels, filters]` as a matrix from filters back to channels: `[taps × filters, channels]`. */
function transposedFilter(l: Lowering, filter: Value): string {
  const [kernelHeight, kernelWidth, channels, filters] = dims4(filter.shape)
  const taps = kernelHeight * kernelWidth
  return once(l, `transposed filter ${filter.id}`, () => {
    const swapped = emit(l.onnx, 'Transpose', [view(l, filter, [taps, channels, filters])], { perm: [0, 2, 1] })
    return emit(l.onnx, 'Reshape', [swapped, longs(l.onnx, [taps * filters, channels])])
  })
}
