import { EngineError } from '../errors.ts'
import { randomStream } from '../random.ts'
import type { Augmentation } from '../types.ts'
import { blur } from './blur.ts'
import { drawPlan, type Hole } from './plan.ts'
import { type ImageSize, warp } from './warp.ts'

/** Writes the image of a sample, changed by chance, into `target`. */
export type Augment = (source: Uint8Array, target: Uint8Array, sample: Sample) => void

/** Which image: what is done to it is a function of the seed and of this alone. */
export interface Sample {
  readonly epoch: number
  readonly row: number
}

/** What painted squares are filled with. */
const GREY = 128

/** Null when there is nothing to do. A sample may hold several images, one after the other; each gets its own draw. */
export function createAugment(augmentations: readonly Augmentation[], size: ImageSize, seed: number): Augment | null {
  if (augmentations.length === 0) return null
  const { height, width, channels } = size
  const length = height * width * channels
  return (source, target, { epoch, row }) => {
    for (let start = 0; start < source.length; start += length) {
      const random = randomStream(seed, 'augmentation', epoch, row, start / length)
      const plan = drawPlan(augmentations, height, width, random)
      const [from, to] = [source.subarray(start, start + length), target.subarray(start, start + length)]
      if (plan.matrix === null) to.set(from)
      else warp(from, to, size, plan.matrix)
      if (plan.blur > 0) blur(to, size, plan.blur)
      if (plan.tones !== null) for (let i = 0; i < length; i++) to[i] = plan.tones[to[i] ?? 0] ?? 0
      for (const hole of plan.holes) paint(to, size, hole)
    }
  }
}

function paint(image: Uint8Array, { width, channels }: ImageSize, { top, bottom, left, right }: Hole): void {
  for (let i = top; i < bottom; i++) image.fill(GREY, (i * width + left) * channels, (i * width + right) * channels)
}

/** Numbers of each augmentation and the largest they may be; all are 0 or more. */
const LIMITS: Readonly<Record<Augmentation['type'], Readonly<Record<string, number>>>> = {
  flip: {},
  crop: { shift: 1, zoom: 0.9 },
  rotation: { degrees: 180 },
  perspective: { distortion: 0.9 },
  tone: { brightness: 1, contrast: 1 },
  blur: { sigma: 10 },
  cutout: { size: 1 },
}

/** Throws `E_INPUT` for an augmentation that makes no sense. */
export function requireAugmentations(augmentations: readonly Augmentation[]): void {
  augmentations.forEach((augmentation, i) => {
    const place = `augment[${i}]`
    const limits = LIMITS[augmentation.type]
    if (limits === undefined)
      throw new EngineError(
        'E_INPUT',
        `${place}.type`,
        `one of ${Object.keys(LIMITS).join(', ')}`,
        `${augmentation.type}`,
      )
    if (augmentation.type === 'flip' && !['horizontal', 'vertical', undefined].includes(augmentation.axis))
      throw new EngineError('E_INPUT', `${place}.axis`, 'horizontal or vertical', `${augmentation.axis}`)
    for (const [key, value] of Object.entries(augmentation)) {
      if (key === 'type' || key === 'axis' || value === undefined) continue
      const limit = key === 'probability' ? 1 : limits[key]
      if (limit === undefined)
        throw new EngineError(
          'E_INPUT',
          `${place}.${key}`,
          `one of probability, ${Object.keys(limits).join(', ')}`,
          key,
        )
      if (!(typeof value === 'number' && value >= 0 && value <= limit))
        throw new EngineError('E_INPUT', `${place}.${key}`, `a number 0 ≤ x ≤ ${limit}`, `${value}`)
    }
  })
}
