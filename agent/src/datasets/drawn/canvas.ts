import type { Random } from '../random.ts'

/** Red, green, blue, each 0 to 255 and not yet rounded. */
export type Colour = readonly [red: number, green: number, blue: number]

/** Two colours with a straight passage between them; `acrossX`, `acrossY` is a unit vector. */
export interface Fill {
  readonly from: Colour
  readonly to: Colour
  readonly acrossX: number
  readonly acrossY: number
}

/** A square picture under construction: `[size, size, 3]`, row-major. It is drawn on a grid of 32 units, whatever its size in pixels. */
export interface Canvas {
  readonly size: number
  readonly pixels: Float64Array
}

/** Side of the drawing grid; positions and lengths below are in these units. */
export const GRID = 32

const LATTICE = 6

export function createCanvas(size: number): Canvas {
  return { size, pixels: new Float64Array(size * size * 3) }
}

const clamp01 = (value: number): number => Math.min(1, Math.max(0, value))

const smooth = (t: number): number => t * t * (3 - 2 * t)

/** Covers the whole canvas with a fill and with cloudy brightness of up to ± `cloud` (0 to 255). */
export function paintBackground({ size, pixels }: Canvas, fill: Fill, cloud: number, random: Random): void {
  const heights = Float64Array.from({ length: (LATTICE + 1) ** 2 }, () => random.between(-cloud, cloud))
  const heightAt = (row: number, column: number): number => heights[row * (LATTICE + 1) + column] as number
  for (let y = 0, at = 0; y < size; y++) {
    const v = ((y + 0.5) / size) * LATTICE
    const row = Math.floor(v)
    const down = smooth(v - row)
    for (let x = 0; x < size; x++) {
      const u = ((x + 0.5) / size) * LATTICE
      const column = Math.floor(u)
      const across = smooth(u - column)
      const above = heightAt(row, column) * (1 - across) + heightAt(row, column + 1) * across
      const below = heightAt(row + 1, column) * (1 - across) + heightAt(row + 1, column + 1) * across
      const height = above * (1 - down) + below * down
      const t = clamp01(0.5 + ((u / LATTICE - 0.5) * fill.acrossX + (v / LATTICE - 0.5) * fill.acrossY) * 0.8)
      for (let channel = 0; channel < 3; channel++, at++) {
        const from = fill.from[channel] as number
        pixels[at] = from + ((fill.to[channel] as number) - from) * t + height
      }
    }
  }
}

/**
 * Paints what lies inside an outline, its edge softened over one pixel. `distanceAt` takes offsets from the centre and
 * answers the signed distance, all in grid units; nothing farther than `reach` from the centre is touched.
 */
export function paint(
  { size, pixels }: Canvas,
  centre: { readonly x: number; readonly y: number; readonly reach: number },
  fill: Fill,
  distanceAt: (dx: number, dy: number) => number,
): void {
  const scale = size / GRID
  const start = (middle: number): number => Math.max(0, Math.floor((middle - centre.reach) * scale))
  const end = (middle: number): number => Math.min(size, Math.ceil((middle + centre.reach) * scale))
  const [left, right] = [start(centre.x), end(centre.x)]
  for (let y = start(centre.y); y < end(centre.y); y++) {
    const dy = (y + 0.5) / scale - centre.y
    for (let x = left; x < right; x++) {
      const dx = (x + 0.5) / scale - centre.x
      const cover = clamp01(0.5 - distanceAt(dx, dy) * scale)
      if (cover === 0) continue
      const t = clamp01(0.5 + (dx * fill.acrossX + dy * fill.acrossY) / (2 * centre.reach))
      const at = (y * size + x) * 3
      for (let channel = 0; channel < 3; channel++) {
        const from = fill.from[channel] as number
        const colour = from + ((fill.to[channel] as number) - from) * t
        pixels[at + channel] = (pixels[at + channel] as number) * (1 - cover) + colour * cover
      }
    }
  }
}

// Four bytes added up are near enough to a normal distribution; this is the standard deviation of their sum.
const BYTE_SUM_DEVIATION = Math.sqrt((4 * (256 * 256 - 1)) / 12)
const BYTE_SUM_MEAN = 510

/** Writes the canvas as bytes to `target` from `offset`, with grain of the given standard deviation on every value. */
export function develop({ pixels }: Canvas, grain: number, random: Random, target: Uint8Array, offset: number): void {
  const strength = grain / BYTE_SUM_DEVIATION
  for (let at = 0; at < pixels.length; at++) {
    const bits = random.bits()
    const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24)
    const value = (pixels[at] as number) + (sum - BYTE_SUM_MEAN) * strength
    target[offset + at] = value <= 0 ? 0 : value >= 255 ? 255 : Math.floor(value + 0.5)
  }
}
