import type { Part } from './predict.ts'

/** A rectangle on a picture, in its pixels, with fractions. Always inside the picture and at least MIN_SIDE of it. */
export interface Frame {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

export interface Size {
  readonly width: number
  readonly height: number
}

/** The corners by which a frame is pulled, and its middle. */
export type Grip = 'move' | 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight'
export const CORNERS = ['topLeft', 'topRight', 'bottomLeft', 'bottomRight'] as const

/** Of the shorter side of the picture. */
const FIRST_SHARE = 0.7
const MIN_SHARE = 0.05

/** A square in the middle. */
export function firstFrame({ width, height }: Size): Frame {
  const half = (Math.min(width, height) * FIRST_SHARE) / 2
  return { left: width / 2 - half, top: height / 2 - half, right: width / 2 + half, bottom: height / 2 + half }
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value))

/** The frame after a pull of `dx`, `dy` pixels at a grip: it stops at the edges of the picture and before it is too small. */
export function pulled(frame: Frame, grip: Grip, dx: number, dy: number, { width, height }: Size): Frame {
  const { left, top, right, bottom } = frame
  if (grip === 'move') {
    const [x, y] = [clamp(dx, -left, width - right), clamp(dy, -top, height - bottom)]
    return { left: left + x, top: top + y, right: right + x, bottom: bottom + y }
  }
  const least = Math.max(1, Math.min(width, height) * MIN_SHARE)
  const isLeft = grip === 'topLeft' || grip === 'bottomLeft'
  const isTop = grip === 'topLeft' || grip === 'topRight'
  return {
    left: isLeft ? clamp(left + dx, 0, right - least) : left,
    right: isLeft ? right : clamp(right + dx, left + least, width),
    top: isTop ? clamp(top + dy, 0, bottom - least) : top,
    bottom: isTop ? bottom : clamp(bottom + dy, top + least, height),
  }
}

export const cornerOf = (
  { left, top, right, bottom }: Frame,
  corner: (typeof CORNERS)[number],
): { x: number; y: number } => ({
  x: corner.endsWith('Left') ? left : right,
  y: corner.startsWith('top') ? top : bottom,
})

/** The pixels that the frame covers: whole ones, at least one, none outside. */
export function partOf({ left, top, right, bottom }: Frame, { width, height }: Size): Part {
  const [x, y] = [clamp(Math.round(left), 0, width - 1), clamp(Math.round(top), 0, height - 1)]
  return {
    left: x,
    top: y,
    width: clamp(Math.round(right), x + 1, width) - x,
    height: clamp(Math.round(bottom), y + 1, height) - y,
  }
}
