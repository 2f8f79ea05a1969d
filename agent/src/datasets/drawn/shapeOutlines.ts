/**
 * Distance from a point to a shape's outline, negative inside. The shape is centred on 0, 0 and fits a circle of radius 1;
 * y points up. Only + − × ÷ √ and comparisons: IEEE 754 rounds those alike everywhere, so pictures repeat to the byte.
 */
export type Outline = (x: number, y: number) => number

/** Distance from 0, 0. */
export const length = (x: number, y: number): number => Math.sqrt(x * x + y * y)

const box = (x: number, y: number, halfWidth: number, halfHeight: number): number => {
  const dx = Math.abs(x) - halfWidth
  const dy = Math.abs(y) - halfHeight
  return length(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0)
}

/** Exact distance to a closed polygon, as I. Quilez gives it ("2D distance functions"): nearest edge, sign by crossings. */
export function polygon(...corners: readonly (readonly [x: number, y: number])[]): Outline {
  const edges = corners.map(([ax, ay], index) => {
    const [bx, by] = corners[(index + 1) % corners.length] as readonly [number, number]
    const [ex, ey] = [bx - ax, by - ay]
    return { ax, ay, by, ex, ey, inverse: 1 / (ex * ex + ey * ey) }
  })
  return (x, y) => {
    let nearest = Number.POSITIVE_INFINITY
    let inside = false
    for (const { ax, ay, by, ex, ey, inverse } of edges) {
      const [wx, wy] = [x - ax, y - ay]
      const along = Math.min(1, Math.max(0, (wx * ex + wy * ey) * inverse))
      const [dx, dy] = [wx - ex * along, wy - ey * along]
      nearest = Math.min(nearest, dx * dx + dy * dy)
      if (ay > y !== by > y && wx * ey < wy * ex === ey > 0) inside = !inside
    }
    return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest)
  }
}

/** Two quarter discs on a square that stands on its corner (I. Quilez, "heart"), moved and scaled to the unit circle. */
const heart: Outline = (x, y) => {
  const size = 1.5
  const [hx, hy] = [Math.abs(x) / size, y / size + 0.55]
  if (hx + hy > 1) return (length(hx - 0.25, hy - 0.75) - Math.SQRT2 / 4) * size
  const corner = length(hx, hy - 1)
  const half = 0.5 * Math.max(hx + hy, 0)
  return Math.min(corner, length(hx - half, hy - half)) * (hx < hy ? -1 : 1) * size
}

/** The ten classes of *shapes*, in the order of their labels. */
export const outlines: Readonly<Record<string, Outline>> = {
  arrow: polygon([0, 1], [0.75, 0.1], [0.28, 0.1], [0.28, -0.95], [-0.28, -0.95], [-0.28, 0.1], [-0.75, 0.1]),
  bolt: polygon([0.35, 1], [-0.6, -0.12], [-0.08, -0.12], [-0.4, -1], [0.6, 0.22], [0.08, 0.22]),
  circle: (x, y) => length(x, y) - 0.85,
  crescent: (x, y) => Math.max(length(x, y) - 0.95, 0.74 - length(x - 0.46, y)),
  cross: (x, y) => Math.min(box(x, y, 0.95, 0.3), box(x, y, 0.3, 0.95)),
  heart,
  ring: (x, y) => Math.abs(length(x, y) - 0.7) - 0.25,
  square: (x, y) => box(x, y, 0.72, 0.72),
  star: polygon(
    ...([
      [0, 1],
      [0.235, 0.324],
      [0.951, 0.309],
      [0.38, -0.124],
      [0.588, -0.809],
      [0, -0.4],
      [-0.588, -0.809],
      [-0.38, -0.124],
      [-0.951, 0.309],
      [-0.235, 0.324],
    ] as const),
  ),
  triangle: polygon([0, 1], [0.866, -0.5], [-0.866, -0.5]),
}
