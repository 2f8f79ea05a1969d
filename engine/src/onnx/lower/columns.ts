import { dims4, type Value } from '../../ir/graph.ts'
import type { Windows } from '../../ir/windows.ts'
import { emit, floats, ints, longs } from '../graph.ts'
import type { PixelOrder } from '../layout.ts'
import { type Lowering, once, view } from '../lowering.ts'
import { columnTable, isIdentity, keyOf } from './tables.ts'

/**
 * A Gather copies one block per index, so blocks of a few channels are slow. Up to this many numbers per row of a filter, one block holds
 * the whole row (2.2 → 0.8 ms for 3 channels and 3 × 3 filters on 32 images of 32 × 32).
 */
const MAX_ROW_BLOCK = 32

/** im2col: the matrix `[batch × rows, taps × channels]` of the pixels under the filter for each output pixel, in the order given. */
export function columns(l: Lowering, x: Value, windows: Windows, order: PixelOrder): string {
  const { height, width, dilationX } = windows
  const key = `columns ${x.id} ${keyOf(windows)} ${order.key}`
  const [batch, , , channels] = dims4(x.shape)
  return once(l, key, () => {
    const isThin = width > 1 && dilationX === 1 && channels * width <= MAX_ROW_BLOCK
    const col = isThin ? byRows(l, x, windows, order) : byPixels(l, x, windows, order)
    const shape = [batch * order.pixels.length, height * width * channels]
    return col === null ? view(l, x, shape) : emit(l.onnx, 'Reshape', [col, longs(l.onnx, shape)])
  })
}

/** One block per pixel; null when the pixels are wanted as they are (1 × 1 filters). */
function byPixels(l: Lowering, x: Value, windows: Windows, order: PixelOrder): string | null {
  const [batch, height, width, channels] = dims4(x.shape)
  const table = columnTable(windows, order)
  if (isIdentity(table, height * width)) return null
  const pixels = view(l, x, [batch, height * width, channels])
  const source = table.includes(height * width) ? withZeroPixel(l, pixels, batch, channels) : pixels
  return emit(l.onnx, 'Gather', [source, ints(l.onnx, [table.length], table)], { axis: 1 })
}

function withZeroPixel(l: Lowering, pixels: string, batch: number, channels: number): string {
  const zeros = floats(l.onnx, [batch, 1, channels], new Float32Array(batch * channels))
  return emit(l.onnx, 'Concat', [pixels, zeros], { axis: 1 })
}

/**
 * One block per row of the filter. Rows of `width` pixels may start anywhere, a Gather's blocks only at multiples of their size: so the
 * padded image is kept in `width` copies, each shifted by one pixel, and a row's start says which copy it is read from.
 */
function byRows(l: Lowering, x: Value, windows: Windows, order: PixelOrder): string {
  const [batch, , , channels] = dims4(x.shape)
  const frame = frameOf(windows)
  const blocks = Math.ceil(frame.pixels / windows.width)
  const spare = blocks * windows.width + windows.width - 1 - frame.pixels
  const pads = [0, windows.padTop, windows.padLeft, 0, 0, frame.padBottom, frame.padRight, 0]
  const framed = emit(l.onnx, 'Pad', [view(l, x, x.shape), longs(l.onnx, pads)])
  const flat = emit(l.onnx, 'Reshape', [framed, longs(l.onnx, [batch, frame.pixels * channels])])
  const long = emit(l.onnx, 'Pad', [flat, longs(l.onnx, [0, 0, 0, spare * channels])])
  const size = blocks * windows.width * channels
  const copies = Array.from({ length: windows.width }, (_, shift) => {
    const range = [shift * channels, shift * channels + size, 1].map((value) => longs(l.onnx, [value]))
    return emit(l.onnx, 'Slice', [long, ...range])
  })
  const all = emit(l.onnx, 'Concat', copies, { axis: 1 })
  const source = emit(l.onnx, 'Reshape', [
    all,
    longs(l.onnx, [batch, blocks * windows.width, windows.width * channels]),
  ])
  const table = rowTable(windows, order, frame.width, blocks)
  return emit(l.onnx, 'Gather', [source, ints(l.onnx, [table.length], table)], { axis: 1 })
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
