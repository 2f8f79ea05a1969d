import type { Matrix } from './geometry.ts'

/** Images as bytes, `[height, width, channels]`. */
export interface ImageSize {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/**
 * Fills `target` with `source` seen through `matrix`: bilinear between the four pixels around a position, and what lies outside is the
 * nearest pixel of the edge.
 */
export function warp(source: Uint8Array, target: Uint8Array, size: ImageSize, matrix: Matrix): void {
  const [a, b, c, d, e, f, g, h] = matrix
  const isWhole = b === 0 && d === 0 && g === 0 && h === 0 && Math.abs(a) === 1 && Math.abs(e) === 1
  if (isWhole && Number.isInteger(c) && Number.isInteger(f)) return copy(source, target, size, { a, c, e, f })
  const { height, width, channels } = size
  const [right, bottom] = [width - 1, height - 1]
  for (let i = 0, o = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const scale = 1 / (g * j + h * i + matrix[8])
      const x = Math.min(right, Math.max(0, (a * j + b * i + c) * scale))
      const y = Math.min(bottom, Math.max(0, (d * j + e * i + f) * scale))
      const [left, top] = [Math.floor(x), Math.floor(y)]
      const [fx, fy] = [x - left, y - top]
      const upper = (top * width + left) * channels
      const next = left < right ? channels : 0
      const lower = upper + (top < bottom ? width * channels : 0)
      for (let k = 0; k < channels; k++, o++) {
        const above = mix(source[upper + k] ?? 0, source[upper + next + k] ?? 0, fx)
        const below = mix(source[lower + k] ?? 0, source[lower + next + k] ?? 0, fx)
        target[o] = mix(above, below, fy) + 0.5
      }
    }
  }
}

const mix = (a: number, b: number, share: number): number => a + (b - a) * share

/** Flips and shifts by whole pixels, without arithmetic on values. */
function copy(
  source: Uint8Array,
  target: Uint8Array,
  { height, width, channels }: ImageSize,
  { a, c, e, f }: { a: number; c: number; e: number; f: number },
): void {
  const [right, bottom] = [width - 1, height - 1]
  // Integers, said so (| 0), and three channels in a row: this takes two thirds of the time, of which a small network's epoch has little.
  const step = a | 0
  for (let i = 0, o = 0; i < height; i++) {
    const row = Math.min(bottom, Math.max(0, (e * i + f) | 0)) * width
    for (let j = 0, x = c | 0; j < width; j++, x += step, o += channels) {
      const from = (row + Math.min(right, Math.max(0, x))) * channels
      target[o] = source[from] ?? 0
      if (channels === 3) {
        target[o + 1] = source[from + 1] ?? 0
        target[o + 2] = source[from + 2] ?? 0
      } else for (let k = 1; k < channels; k++) target[o + k] = source[from + k] ?? 0
    }
  }
}
