import { type Random, uniform } from '../random.ts'
import type { Augmentation } from '../types.ts'
import { compose, flipOf, IDENTITY, type Matrix, perspectiveOf, rotationOf, shiftOf, zoomOf } from './geometry.ts'

/** What is done to one image, in this order. */
export interface Plan {
  /** From a pixel of the result to one of the source; null when nothing moves. */
  readonly matrix: Matrix | null
  /** Standard deviation of the blur in pixels; 0 for none. */
  readonly blur: number
  /** New value of each byte; null when none changes. */
  readonly tones: Uint8Array | null
  /** Squares painted grey. */
  readonly holes: readonly Hole[]
}

/** Rows and columns of pixels, ends excluded. */
export interface Hole {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** Draws what is done to one image of `height` × `width` pixels. Every augmentation takes its numbers from `random` in turn. */
export function drawPlan(augmentations: readonly Augmentation[], height: number, width: number, random: Random): Plan {
  let matrix: Matrix | null = null
  let blur = 0
  let [gain, offset] = [1, 0]
  const holes: Hole[] = []
  for (const augmentation of augmentations) {
    const isChosen = uniform(random) < (augmentation.probability ?? DEFAULT_PROBABILITY)
    // Drawn also for what is not done, so that one probability changes nothing of the rest.
    const drawn = [uniform(random), uniform(random), uniform(random)] as const
    const within = (range: number, i: 0 | 1 | 2 = 0): number => range * (2 * drawn[i] - 1)
    const corners = Array.from({ length: augmentation.type === 'perspective' ? 8 : 0 }, () => uniform(random))
    if (!isChosen) continue
    const move = (next: Matrix): void => {
      matrix = compose(matrix ?? IDENTITY, next)
    }
    switch (augmentation.type) {
      case 'flip':
        move(flipOf(height, width, augmentation.axis ?? 'horizontal'))
        break
      case 'crop': {
        const { shift = 0.125, zoom = 0 } = augmentation
        // Whole pixels, so that a crop alone copies and does not blur.
        move(shiftOf(Math.round(within(shift) * height), Math.round(within(shift, 1) * width)))
        if (zoom > 0) move(zoomOf(height, width, 1 + within(zoom, 2)))
        break
      }
      case 'rotation':
        move(rotationOf(height, width, (within(augmentation.degrees ?? 15) * Math.PI) / 180))
        break
      case 'perspective':
        move(perspectiveOf(height, width, augmentation.distortion ?? 0.2, corners))
        break
      case 'tone': {
        const { brightness = 0.2, contrast = 0.2 } = augmentation
        gain *= 1 + within(contrast)
        offset += within(brightness, 1) * 255
        break
      }
      case 'blur':
        blur = Math.max(blur, (augmentation.sigma ?? 1) * drawn[0])
        break
      case 'cutout':
        holes.push(holeOf(height, width, augmentation.size ?? 0.25, drawn))
        break
    }
  }
  return { matrix, blur, tones: gain === 1 && offset === 0 ? null : tonesOf(gain, offset), holes }
}

const DEFAULT_PROBABILITY = 0.5

/** Contrast around mid-grey, then brightness. */
const tonesOf = (gain: number, offset: number): Uint8Array =>
  Uint8Array.from(Uint8ClampedArray.from({ length: 256 }, (_, value) => (value - 127.5) * gain + 127.5 + offset))

/** A square around any pixel, so that it may reach over the edge, as in the paper. */
function holeOf(height: number, width: number, size: number, [y, x]: readonly [number, number, number]): Hole {
  const side = Math.max(1, Math.round(size * Math.min(height, width)))
  const [top, left] = [Math.floor(y * height) - (side >> 1), Math.floor(x * width) - (side >> 1)]
  return {
    top: Math.max(0, top),
    bottom: Math.min(height, top + side),
    left: Math.max(0, left),
    right: Math.min(width, left + side),
  }
}
