import type { Windows } from '../../ir/windows.ts'
import { emit, floats, ints, longs, type OnnxGraph } from '../graph.ts'
import type { PixelOrder } from '../layout.ts'
import type { Tensor } from '../lowering.ts'
import { columnTable, isIdentity } from './tables.ts'

/**
 * A Gather copies one block per index, so blocks of a few channels are slow. Up to this many numbers per row of a filter, one block holds
 * the whole row (2.2 → 0.8 ms for 3 channels and 3 × 3 filters on 32 images of 32 × 32).
 */
const MAX_ROW_BLOCK = 32

/**
 * im2col: the matrix `[batch × rows, taps × channels]` of the pixels under the filter for each output pixel, in the order given. `x` is
 * `[batch, pixels, channels]`.
 */
export function columns(onnx: OnnxGraph, x: Tensor, windows: Windows, order: PixelOrder): string {
  const { height, width, dilationX } = windows
  const [batch = 0, , channels = 0] = x.shape
  const isThin = width > 1 && dilationX === 1 && channels * width <= MAX_ROW_BLOCK
  const col = isThin ? byRows(onnx, x, windows, order) : byPixels(onnx, x, windows, order)
  return emit(onnx, 'Reshape', [col, longs(onnx, [batch * order.pixels.length, height * width * channels])])
}

/** True when pixels are wanted as they are: 1 × 1 filters. */
export const areColumns = (windows: Windows, order: PixelOrder): boolean =>
  isIdentity(columnTable(windows, order), windows.inputHeight * windows.inputWidth)

/** One block per pixel. */
function byPixels(onnx: OnnxGraph, x: Tensor, windows: Windows, order: PixelOrder): string {
  if (areColumns(windows, order)) return x.name
  const [, pixels = 0] = x.shape
  const table = columnTable(windows, order)
  const source = table.includes(pixels) ? withZeroPixel(onnx, x) : x.name
  return emit(onnx, 'Gather', [source, ints(onnx, [table.length], table)], { axis: 1 })
}

/** Appends a pixel of zeros to every image `[batch, pixels, channels]`: what tables mean by one in the padding. */
export function withZeroPixel(onnx: OnnxGraph, { name, shape: [batch = 0, , channels = 0] }: Tensor): string {
  const zeros = floats(onnx, [batch, 1, channels], new Float32Array(batch * channels))
  return emit(onnx, 'Concat', [name, zeros], { axis: 1 })
}

/**
 * One block per row of the filter. Rows of `width` pixels may start anywhere, a Gather's blocks only at multiples of their size: so the
 * padded image is kept in `width` copies, each shifted by one pixel, and a row's start says which copy it is read from.
 */
function byRows(onnx: OnnxGraph, x: Tensor, windows: Windows, order: PixelOrder): string {
  const [batch = 0, , channels = 0] = x.shape
  const frame = frameOf(windows)
  const blocks = Math.ceil(frame.pixels / windows.width)
  const spare = blocks * windows.width + windows.width - 1 - frame.pixels
  const pads = [0, windows.padTop, windows.padLeft, 0, 0, frame.padBottom, frame.padRight, 0]
  const image = longs(onnx, [batch, windows.inputHeight, windows.inputWidth, channels])
  const framed = emit(onnx, 'Pad', [emit(onnx, 'Reshape', [x.name, image]), longs(onnx, pads)])
  const flat = emit(onnx, 'Reshape', [framed, longs(onnx, [batch, frame.pixels * channels])])
  const long = emit(onnx, 'Pad', [flat, longs(onnx, [0, 0, 0, spare * channels])])
  const size = blocks * windows.width * channels
  const copies = Array.from({ length: windows.width }, (_, shift) => {
    const range = [shift * channels, shift * channels + size, 1].map((value) => longs(onnx, [value]))
    return emit(onnx, 'Slice', [long, ...range])
  })
  const all = emit(onnx, 'Concat', copies, { axis: 1 })
  const source = emit(onnx, 'Reshape', [all, longs(onnx, [batch, blocks * windows.width, windows.width * channels])])
  const table = rowTable(windows, order, frame.width, blocks)
  return emit(onnx, 'Gather', [source, ints(onnx, [table.length], table)], { axis: 1 })
}

/** The image with its padding: as large as its windows reach. */
function frameOf(w: Windows): { width: number; pixels: number; padBottom: number; padRight: number } {
  const reachY = (w.outputHeight - 1) * w.strideY + (w.height - 1) * w.dilationY + 1 - w.padTop
  const reachX = (w.outputWidth - 1) * w.strideX + w.width - w.padLeft
  const padBottom = Math.max(0, reachY - w.inputHeight)
  const padRight = Math.max(0, reachX - w.inputWidth)
  const width = w.padLeft + w.inputWidth + padRight
  return { width, pixels: width * (w.padTop + w.inputHeight + padBottom), padBottom, padRight }
}

function rowTable(w: Windows, order: PixelOrder, frameWidth: number, blocks: number): Int32Array {
  return Int32Array.from({ length: order.pixels.length * w.height }, (_, i) => {
    const output = order.pixels[Math.floor(i / w.height)] ?? 0
    const y = Math.floor(output / w.outputWidth) * w.strideY + (i % w.height) * w.dilationY
    const start = y * frameWidth + (output % w.outputWidth) * w.strideX
    const shift = start % w.width
    return shift * blocks + (start - shift) / w.width
  })
}
