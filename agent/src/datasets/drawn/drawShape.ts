import type { Random } from '../random.ts'
import { type Canvas, type Colour, createCanvas, develop, type Fill, GRID, paint, paintBackground } from './canvas.ts'
import type { Outline } from './shapeOutlines.ts'

// How hard the pictures are. Lengths in grid units (the picture is 32 wide), colours 0 to 255.
// Calibrated so that two small convolutions reach about 60 % in one epoch, and a linear model half of that.
const RADIUS = [8, 13] as const
const STRETCH = [0.85, 1.18] as const
const MAX_HALF_TILT_TANGENT = 0.18 // of half the angle: shapes tilt by up to 20.4° either way
const BACKGROUND = [0, 100] as const
const FOREGROUND = [80, 255] as const
const MIN_CONTRAST = 110
const CLOUD = [5, 35] as const
const GRAIN = [4, 20] as const
const MAX_CLUTTER = 4
const OCCLUSION_PROBABILITY = 0.4
// Centres keep this many radii from the edge, so that little is cut off.
const MARGIN = 0.85

export type Point = readonly [x: number, y: number]

/** A unit vector, all directions alike: a point drawn from the disc by rejection, so that no sine is needed. */
export function direction(random: Random): Point {
  for (;;) {
    const [x, y] = [random.between(-1, 1), random.between(-1, 1)]
    const square = x * x + y * y
    if (square > 0.01 && square <= 1) return [x / Math.sqrt(square), y / Math.sqrt(square)]
  }
}

/** Cosine and sine of an angle of up to 20.4° either way, by the half-angle formulas. */
export function tilt(random: Random): Point {
  const t = random.between(-MAX_HALF_TILT_TANGENT, MAX_HALF_TILT_TANGENT)
  return [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)]
}

/** A colour with each channel between the two. */
export const colour = (low: number, high: number, random: Random): Colour => [
  random.between(low, high),
  random.between(low, high),
  random.between(low, high),
]

/** A colour with each channel at most `spread` away. */
export const near = (base: Colour, spread: number, random: Random): Colour => {
  const shift = (value: number): number => Math.min(255, Math.max(0, value + random.between(-spread, spread)))
  return [shift(base[0]), shift(base[1]), shift(base[2])]
}

/** Brightness of a colour, 0 to 255: the luma of Rec. 601. */
const brightness = ([red, green, blue]: Colour): number => 0.299 * red + 0.587 * green + 0.114 * blue

/** A passage in any direction between two colours near the given one. */
export function fill(base: Colour, spread: number, random: Random): Fill {
  const [acrossX, acrossY] = direction(random)
  return { from: near(base, spread, random), to: near(base, spread, random), acrossX, acrossY }
}

/** A short bar with round ends (a dot, when its length is nothing). */
function paintBar(
  canvas: Canvas,
  centre: Point,
  halfLength: number,
  halfWidth: number,
  base: Colour,
  random: Random,
): void {
  const [ux, uy] = direction(random)
  const reach = halfLength + halfWidth + 1
  paint(canvas, { x: centre[0], y: centre[1], reach }, fill(base, 20, random), (dx, dy) => {
    const along = Math.min(halfLength, Math.max(-halfLength, dx * ux + dy * uy))
    const [px, py] = [dx - along * ux, dy - along * uy]
    return Math.sqrt(px * px + py * py) - halfWidth
  })
}

/** Up to four bars and dots anywhere, in any colour. */
export function paintClutter(canvas: Canvas, random: Random): void {
  const count = random.below(MAX_CLUTTER + 1)
  for (let index = 0; index < count; index++) {
    const centre: Point = [random.between(0, GRID), random.between(0, GRID)]
    paintBar(canvas, centre, random.between(0, 5), random.between(0.6, 2), colour(0, 255, random), random)
  }
}

/**
 * Draws one picture `[size, size, 3]` into `target` from `offset`: the outline at a random place, size, tilt and stretch, in a colour
 * lighter than its background, among clutter, at times partly covered, under clouds and grain.
 */
export function drawShape(outline: Outline, size: number, random: Random, target: Uint8Array, offset: number): void {
  const canvas = createCanvas(size)
  const background = colour(...BACKGROUND, random)
  paintBackground(canvas, fill(background, 45, random), random.between(...CLOUD), random)
  paintClutter(canvas, random)

  const radius = random.between(...RADIUS)
  const [x, y] = [
    random.between(radius * MARGIN, GRID - radius * MARGIN),
    random.between(radius * MARGIN, GRID - radius * MARGIN),
  ]
  const [cosine, sine] = tilt(random)
  const stretch = random.between(...STRETCH)
  let base = colour(...FOREGROUND, random)
  while (brightness(base) - brightness(background) < MIN_CONTRAST) base = colour(...FOREGROUND, random)
  paint(canvas, { x, y, reach: radius * 1.3 }, fill(base, 30, random), (dx, dy) => {
    const [u, v] = [(dx * cosine + dy * sine) / radius, (dy * cosine - dx * sine) / radius]
    return outline(u * stretch, -v / stretch) * radius
  })

  if (random.chance(OCCLUSION_PROBABILITY)) {
    const [ux, uy] = direction(random)
    const away = radius * random.between(0.3, 0.9)
    const centre: Point = [x + ux * away, y + uy * away]
    paintBar(canvas, centre, random.between(1, radius), random.between(0.7, 1.8), near(background, 60, random), random)
  }
  develop(canvas, random.between(...GRAIN), random, target, offset)
}
