import type { ConvOp } from '../../ir/conv.ts'
import { dims4, operands, type Value } from '../../ir/graph.ts'
import { emit, floats, ints, longs } from '../graph.ts'
import { type Lowering, type Lowers, once, orderOf, put, view } from '../lowering.ts'
import { columns } from './columns.ts'
import { gradientTable } from './tables.ts'

/*
 * A convolution is one matrix product: `columns` gathers, for every output pixel, the input pixels under the filter (im2col) by one Gather
 * with a constant table, and the filters are a matrix as they are. On onnxruntime's CPU provider this is faster than Conv, and
 * the columns serve again for the gradient of the filters.
 */
export const convLowers: Lowers<ConvOp> = {
  conv2d: (l, node) => {
    const [x, filter] = operands(node)
    const [kernelHeight, kernelWidth, channels, filters] = dims4(filter.shape)
    const order = orderOf(l, node.output, node.op.windows.outputHeight * node.op.windows.outputWidth)
    const col = columns(l, x, node.op.windows, order)
    const matrix = view(l, filter, [kernelHeight * kernelWidth * channels, filters])
    const rows = dims4(x.shape)[0] * order.pixels.length
    put(l, node.output, emit(l.onnx, 'MatMul', [col, matrix]), [rows, filters])
  },
  conv2dGradFilter: (l, node) => {
    const [x, dy] = operands(node)
    const [kernelHeight, kernelWidth, channels, filters] = dims4(node.output.shape)
    const order = orderOf(l, dy, node.op.windows.outputHeight * node.op.windows.outputWidth)
    const col = columns(l, x, node.op.windows, order)
    const rows = dims4(x.shape)[0] * order.pixels.length
    // Transpose and MatMul of the thin matrix: 2.5 ms where Gemm with transA takes 3.7.
    const thin = emit(l.onnx, 'Transpose', [view(l, dy, [rows, filters])], { perm: [1, 0] })
    const gradient = emit(l.onnx, 'Transpose', [emit(l.onnx, 'MatMul', [thin, col])], { perm: [1, 0] })
    put(l, node.output, gradient, [kernelHeight * kernelWidth * channels, filters])
  },
  conv2dGradInput: (l, node) => {
    const { windows } = node.op
    const [dy, filter] = operands(node)
    const [batch, height, width, channels] = dims4(node.output.shape)
    const filters = dims4(filter.shape)[3]
    const taps = windows.height * windows.width
    const order = orderOf(l, dy, windows.outputHeight * windows.outputWidth)
    const table = ints(l.onnx, [height * width * taps], gradientTable(windows, order))
    const padded = withZeroRow(l, view(l, dy, [batch, order.pixels.length, filters]), batch, filters)
    const gathered = emit(l.onnx, 'Gather', [padded, table], { axis: 1 })
    const rows = emit(l.onnx, 'Reshape', [gathered, longs(l.onnx, [batch * height * width, taps * filters])])
    const matrix = transposedFilter(l, filter)
    put(l, node.output, emit(l.onnx, 'MatMul', [rows, matrix]), [batch * height * width, channels])
  },
}

/** Appends a row of zeros to every image: what tables mean by a pixel in the padding. */
function withZeroRow(l: Lowering, rows: string, batch: number, width: number): string {
  const zeros = floats(l.onnx, [batch, 1, width], new Float32Array(batch * width))
  return emit(l.onnx, 'Concat', [rows, zeros], { axis: 1 })
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
