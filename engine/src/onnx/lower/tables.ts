import { pixelUnder, type Windows } from '../../ir/windows.ts'
import type { PixelOrder } from '../layout.ts'

/**
 * im2col: entry `row × taps + tap` is the input pixel under that tap of the output pixel in that row; pixels in the padding are
 * `inputHeight × inputWidth`, one past the last.
 */
export function columnTable(windows: Windows, order: PixelOrder): Int32Array {
  const taps = windows.height * windows.width
  const padding = windows.inputHeight * windows.inputWidth
  return Int32Array.from({ length: order.pixels.length * taps }, (_, i) => {
    const pixel = pixelUnder(windows, order.pixels[Math.floor(i / taps)] ?? 0, i % taps)
    return pixel < 0 ? padding : pixel
  })
}

/**
 * The reverse: entry `pixel × taps + tap` is the row of the output pixel whose window has that tap on that input pixel; one past the last row
 * when there is none.
 */
export function gradientTable(windows: Windows, order: PixelOrder): Int32Array {
  const taps = windows.height * windows.width
  const rows = order.pixels.length
  const table = new Int32Array(windows.inputHeight * windows.inputWidth * taps).fill(rows)
  order.pixels.forEach((output, row) => {
    for (let tap = 0; tap < taps; tap++) {
      const pixel = pixelUnder(windows, output, tap)
      if (pixel >= 0) table[pixel * taps + tap] = row
    }
  })
  return table
}

/** True when a table takes every row once, in order. */
export const isIdentity = (table: Int32Array, count: number): boolean =>
  table.length === count && table.every((entry, i) => entry === i)

/** Tells windows apart, for results that are made once. */
export const keyOf = (windows: Windows): string => Object.values(windows).join()
