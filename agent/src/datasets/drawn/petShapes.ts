import type { Ears, Marking } from '../breeds/petBreeds.ts'
import { length, type Outline, polygon } from './shapeOutlines.ts'

// All in units of the head's half width, 0, 0 at its middle, x to the right and y down. Distances of ellipses are near the true ones,
// and right at the edge. Only + − × ÷ √ and comparisons, so that pictures repeat to the byte.

/** An outline and where it may be: nothing of it is farther than `reach` from x, y. Distances are from 0, 0. */
export interface PetShape {
  readonly x: number
  readonly y: number
  readonly reach: number
  readonly outline: Outline
}

export const ellipse = (x: number, y: number, halfWidth: number, halfHeight: number): PetShape => ({
  x,
  y,
  reach: Math.max(halfWidth, halfHeight),
  outline: (px, py) => (length((px - x) / halfWidth, (py - y) / halfHeight) - 1) * Math.min(halfWidth, halfHeight),
})

/** A line with round ends. */
export function stroke(ax: number, ay: number, bx: number, by: number, halfWidth: number): PetShape {
  const [ex, ey] = [bx - ax, by - ay]
  const squared = ex * ex + ey * ey
  return {
    x: (ax + bx) / 2,
    y: (ay + by) / 2,
    reach: Math.sqrt(squared) / 2 + halfWidth,
    outline: (px, py) => {
      const along = Math.min(1, Math.max(0, ((px - ax) * ex + (py - ay) * ey) / squared))
      return length(px - ax - along * ex, py - ay - along * ey) - halfWidth
    },
  }
}

/** The other side's: x changes its sign. */
export const mirrored = ({ x, y, reach, outline }: PetShape): PetShape => ({
  x: -x,
  y,
  reach,
  outline: (px, py) => outline(-px, py),
})

/** What of a shape lies inside another. */
export const inside = (shape: PetShape, other: PetShape): PetShape => ({
  ...shape,
  outline: (x, y) => Math.max(shape.outline(x, y), other.outline(x, y)),
})

/** A polygon with round corners; its own are given as x, y, x, y … */
function rounded(rounding: number, ...numbers: readonly number[]): PetShape {
  const corners = Array.from({ length: numbers.length / 2 }, (_, at) => {
    return [numbers[2 * at] as number, numbers[2 * at + 1] as number] as const
  })
  const x = corners.reduce((sum, corner) => sum + corner[0], 0) / corners.length
  const y = corners.reduce((sum, corner) => sum + corner[1], 0) / corners.length
  const reach = Math.max(...corners.map(([cx, cy]) => length(cx - x, cy - y))) + rounding
  const exact = polygon(...corners)
  return { x, y, reach, outline: (px, py) => exact(px, py) - rounding }
}

/** The right ear, and what one sees in it (null: it hangs down). */
export const EARS: Readonly<Record<Ears, { readonly outer: PetShape; readonly inner: PetShape | null }>> = {
  pointed: {
    outer: rounded(0.06, 0.2, -0.72, 0.92, -0.3, 0.8, -1.28),
    inner: rounded(0.04, 0.38, -0.78, 0.78, -0.52, 0.72, -1.1),
  },
  large: {
    outer: rounded(0.1, 0.14, -0.66, 1, -0.1, 1.22, -1.3),
    inner: rounded(0.06, 0.4, -0.72, 0.88, -0.36, 1.04, -1.12),
  },
  upright: {
    outer: rounded(0.12, 0.28, -0.74, 0.84, -0.44, 0.72, -1.14),
    inner: rounded(0.06, 0.42, -0.8, 0.74, -0.6, 0.66, -1.02),
  },
  wide: {
    outer: rounded(0.12, 0.3, -0.66, 0.86, -0.12, 1.42, -1.02),
    inner: rounded(0.08, 0.54, -0.62, 0.82, -0.34, 1.2, -0.9),
  },
  button: { outer: rounded(0.08, 0.48, -0.84, 0.98, -0.6, 1, -0.12, 0.7, -0.34), inner: null },
  floppy: { outer: rounded(0.14, 0.62, -0.74, 1.06, -0.5, 1.2, 0.5, 0.92, 0.62), inner: null },
}

const pair = (shape: PetShape): PetShape[] => [shape, mirrored(shape)]

/** The markings, both sides of each. */
export const MARKINGS: Readonly<Record<Marking, readonly PetShape[]>> = {
  stripes: [...pair(stroke(0.24, -0.42, 0.39, -0.84, 0.055)), ...pair(stroke(0.08, -0.42, 0.13, -0.84, 0.055))],
  spots: [
    ellipse(0, -0.45, 0.11, 0.09),
    ...pair(ellipse(0.5, -0.55, 0.13, 0.1)),
    ...pair(ellipse(0.18, -0.72, 0.13, 0.1)),
    ...pair(ellipse(0.86, -0.05, 0.13, 0.1)),
    ...pair(ellipse(0.72, 0.36, 0.13, 0.1)),
    ...pair(ellipse(0.5, 0.66, 0.13, 0.1)),
  ],
  mask: [ellipse(0, 0.24, 0.66, 0.62)],
  blaze: [rounded(0.05, -0.05, -0.95, 0.05, -0.95, 0.2, 0.3, -0.2, 0.3)],
  wrinkles: [...pair(stroke(0, -0.42, 0.3, -0.5, 0.035)), ...pair(stroke(0, -0.6, 0.36, -0.68, 0.035))],
}

/** Whiskers of the right side. */
export const WHISKERS: readonly PetShape[] = [
  stroke(0.32, 0.42, 1.05, 0.3, 0.014),
  stroke(0.32, 0.48, 1.08, 0.5, 0.014),
  stroke(0.3, 0.54, 1.0, 0.7, 0.014),
]
