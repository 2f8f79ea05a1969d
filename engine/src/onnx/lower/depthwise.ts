import type { DepthwiseOp } from '../../ir/depthwise.ts'
import { dims4, operands, type Shape, type Value } from '../../ir/graph.ts'
import { emit, floats, ints, longs } from '../graph.ts'
import { type Lowering, type Lowers, once, put, view } from '../lowering.ts'
import { type Band, forwardBand, gradientBand } from './bands.ts'
import { isIdentity, keyOf } from './tables.ts'

/*
 * Channel by channel, a block of output rows is a few input rows times a matrix in which the filter's weights stand along diagonals (see
 * bands.ts). Most of that matrix is zeros, and yet this batch of products is faster than the native Conv by groups and than tap by tap, above all
 * for gradients. Channels go outermost for it, and back.
 */
export const depthwiseLowers: Lowers<DepthwiseOp> = {
  depthwiseConv2d: (l, node) => {
    const [x, filter] = operands(node)
    const band = forwardBand(node.op.windows)
    const rows = blocksOf(l, x, band, `forward ${keyOf(node.op.windows)}`, [dims4(x.shape)[3], 1])
    putChannelsLast(l, node.output, emit(l.onnx, 'MatMul', [rows, matrixOf(l, filter, band)]))
  },
  depthwiseConv2dGradInput: (l, node) => {
    const [dy, filter] = operands(node)
    const [batch, height, width, channels] = dims4(node.output.shape)
    const multiplier = dims4(filter.shape)[3]
    const band = gradientBand(node.op.windows)
    const rows = blocksOf(l, dy, band, `gradient ${keyOf(node.op.windows)}`, [channels, multiplier])
    const product = emit(l.onnx, 'MatMul', [rows, matrixOf(l, filter, band)])
    const sum = multiplier === 1 ? product : emit(l.onnx, 'ReduceSum', [product, longs(l.onnx, [1])], { keepdims: 0 })
    const made = band.blocks * band.rowsOut
    if (made === height) return putChannelsLast(l, node.output, sum)
    const images = emit(l.onnx, 'Reshape', [sum, longs(l.onnx, [channels * batch, made, width])])
    const range = [0, height, 1].map((value) => longs(l.onnx, [value]))
    putChannelsLast(l, node.output, emit(l.onnx, 'Slice', [images, ...range]))
  },
  depthwiseConv2dGradFilter: (l, node) => {
    const [x, dy] = operands(node)
    const [kernelHeight, kernelWidth, channels, multiplier] = dims4(node.output.shape)
    const band = forwardBand(node.op.windows)
    const rows = blocksOf(l, x, band, `forward ${keyOf(node.op.windows)}`, [channels, 1])
    const [batch, , outputWidth] = dims4(dy.shape)
    const shape = [channels, multiplier, batch * band.blocks, band.rowsOut * outputWidth]
    const columns = emit(l.onnx, 'Reshape', [channelsFirst(l, dy), longs(l.onnx, shape)])
    const matrices = emit(l.onnx, 'MatMul', [emit(l.onnx, 'Transpose', [rows], { perm: [0, 1, 3, 2] }), columns])
    const taps = kernelHeight * kernelWidth
    const flat = emit(l.onnx, 'Reshape', [matrices, longs(l.onnx, [channels * multiplier, sizeOfMatrix(band, taps)])])
    const gradient = emit(l.onnx, 'Gemm', [selectionOf(l, band, taps), flat], { transB: 1 })
    put(l, node.output, gradient, [taps, channels * multiplier])
  },
}

/** The input rows of every block, one vector per block: `[...channels, batch × blocks, rowsIn × width]`. */
function blocksOf(l: Lowering, x: Value, band: Band, key: string, channels: Shape): string {
  const [batch, height, width, count] = dims4(x.shape)
  return once(l, `blocks ${x.id} ${key}`, () => {
    const images = emit(l.onnx, 'Reshape', [channelsFirst(l, x), longs(l.onnx, [count * batch, height, width])])
    const shape = longs(l.onnx, [...channels, batch * band.blocks, band.rowsIn * width])
    if (isIdentity(band.table, height)) return emit(l.onnx, 'Reshape', [images, shape])
    const zeros = floats(l.onnx, [count * batch, 1, width], new Float32Array(count * batch * width))
    const source = band.table.includes(height) ? emit(l.onnx, 'Concat', [images, zeros], { axis: 1 }) : images
    const gathered = emit(l.onnx, 'Gather', [source, ints(l.onnx, [band.table.length], band.table)], { axis: 1 })
    return emit(l.onnx, 'Reshape', [gathered, shape])
  })
}

/** The matrices of the filters: `[channels, multiplier, numbers in, numbers out]` of a block. */
function matrixOf(l: Lowering, filter: Value, band: Band): string {
  const [kernelHeight, kernelWidth, channels, multiplier] = dims4(filter.shape)
  const taps = kernelHeight * kernelWidth
  const weights = view(l, filter, [taps, channels * multiplier])
  const flat = emit(l.onnx, 'Gemm', [weights, selectionOf(l, band, taps)], { transA: 1 })
  const depth = band.rowsIn * band.widthIn
  return emit(l.onnx, 'Reshape', [flat, longs(l.onnx, [channels, multiplier, depth, band.rowsOut * band.widthOut])])
}

const selectionOf = (l: Lowering, band: Band, taps: number): string =>
  floats(l.onnx, [taps, sizeOfMatrix(band, taps)], band.selection)

const sizeOfMatrix = (band: Band, taps: number): number => band.selection.length / taps

/** Images as `[channels, batch × pixels]`. */
function channelsFirst(l: Lowering, x: Value): string {
  const [batch, height, width, channels] = dims4(x.shape)
  return once(l, `channels first ${x.id}`, () =>
    emit(l.onnx, 'Transpose', [view(l, x, [batch * height * width, channels])], { perm: [1, 0] }),
  )
}

/** The reverse, for a result in any shape whose channels come first. */
function putChannelsLast(l: Lowering, output: Value, name: string): void {
  const [batch, height, width, channels] = dims4(output.shape)
  const pixels = batch * height * width
  const matrix = emit(l.onnx, 'Reshape', [name, longs(l.onnx, [channels, pixels])])
  put(l, output, emit(l.onnx, 'Transpose', [matrix], { perm: [1, 0] }), [pixels, channels])
}
