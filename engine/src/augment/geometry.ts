/**
 * A projective map of the plane, row-major 3 × 3, from positions (x, y, 1) in the result to those in the source. Pixel (i, j) covers the
 * unit square around (j, i).
 */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number]

export const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]

/** First `b`, then `a`: where a pixel of the result comes from when the source was mapped by `a` before. */
export function compose(a: Matrix, b: Matrix): Matrix {
  const [a0, a1, a2, a3, a4, a5, a6, a7, a8] = a
  const [b0, b1, b2, b3, b4, b5, b6, b7, b8] = b
  return [
    a0 * b0 + a1 * b3 + a2 * b6,
    a0 * b1 + a1 * b4 + a2 * b7,
    a0 * b2 + a1 * b5 + a2 * b8,
    a3 * b0 + a4 * b3 + a5 * b6,
    a3 * b1 + a4 * b4 + a5 * b7,
    a3 * b2 + a4 * b5 + a5 * b8,
    a6 * b0 + a7 * b3 + a8 * b6,
    a6 * b1 + a7 * b4 + a8 * b7,
    a6 * b2 + a7 * b5 + a8 * b8,
  ]
}

export const flipOf = (height: number, width: number, axis: 'horizontal' | 'vertical'): Matrix =>
  axis === 'horizontal' ? [-1, 0, width - 1, 0, 1, 0, 0, 0, 1] : [1, 0, 0, 0, -1, height - 1, 0, 0, 1]

export const shiftOf = (rows: number, columns: number): Matrix => [1, 0, columns, 0, 1, rows, 0, 0, 1]

/** Enlarges by `factor` around the centre. */
export const zoomOf = (height: number, width: number, factor: number): Matrix =>
  around(height, width, [1 / factor, 0, 0, 0, 1 / factor, 0, 0, 0, 1])

/** Turns by an angle in radians around the centre, counter-clockwise as it is seen. */
export function rotationOf(height: number, width: number, angle: number): Matrix {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return around(height, width, [cos, -sin, 0, sin, cos, 0, 0, 0, 1])
}

function around(height: number, width: number, matrix: Matrix): Matrix {
  const [x, y] = [(width - 1) / 2, (height - 1) / 2]
  return compose(compose([1, 0, x, 0, 1, y, 0, 0, 1], matrix), [1, 0, -x, 0, 1, -y, 0, 0, 1])
}

/**
 * Shows what lies between four points as the whole image. Each point is a corner moved inwards by up to `distortion` / 2 of the sides;
 * `draws` are eight numbers 0 ≤ x < 1.
 */
export function perspectiveOf(height: number, width: number, distortion: number, draws: readonly number[]): Matrix {
  const [right, bottom] = [width - 1, height - 1]
  const inward = (i: number, size: number): number => ((draws[i] ?? 0) * distortion * size) / 2
  const corners: Quad = [
    [inward(0, right), inward(1, bottom)],
    [right - inward(2, right), inward(3, bottom)],
    [right - inward(4, right), bottom - inward(5, bottom)],
    [inward(6, right), bottom - inward(7, bottom)],
  ]
  return compose(fromUnitSquare(corners), [1 / Math.max(1, right), 0, 0, 0, 1 / Math.max(1, bottom), 0, 0, 0, 1])
}

type Point = readonly [x: number, y: number]
export type Quad = readonly [Point, Point, Point, Point]

/** The projective map that takes (0,0), (1,0), (1,1), (0,1) to four points (Heckbert 1989, "Fundamentals of Texture Mapping", § 2.2.3). */
export function fromUnitSquare([[x0, y0], [x1, y1], [x2, y2], [x3, y3]]: Quad): Matrix {
  const [dx1, dx2, sx] = [x1 - x2, x3 - x2, x0 - x1 + x2 - x3]
  const [dy1, dy2, sy] = [y1 - y2, y3 - y2, y0 - y1 + y2 - y3]
  const determinant = dx1 * dy2 - dx2 * dy1
  const g = (sx * dy2 - dx2 * sy) / determinant
  const h = (dx1 * sy - sx * dy1) / determinant
  return [x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h, 1]
}
