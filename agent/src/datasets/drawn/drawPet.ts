import type { DrawnBreed } from '../breeds/petBreeds.ts'
import type { Random } from '../random.ts'
import type { PetInput } from '../types.ts'
import { type Canvas, type Colour, createCanvas, develop, GRID, paint, paintBackground } from './canvas.ts'
import { colour, fill, near, paintClutter, tilt } from './drawShape.ts'
import { EARS, ellipse, inside, MARKINGS, mirrored, type PetShape, WHISKERS } from './petShapes.ts'

// How hard the pictures are. Lengths in grid units (the picture is 32 wide), colours 0 to 255.
const RADIUS: Readonly<Record<PetInput, readonly [number, number]>> = { uncropped: [6.5, 10], cropped: [10, 11.5] }
/** How far from the middle of the picture the head may be, as a fraction of the room that there is. */
const ROAM = 0.9
/** Room around a head for its ears, in radii. */
const EAR_ROOM = 1.35
const STRETCH = [0.92, 1.08] as const
const MAX_TURN = 0.14
const BACKGROUND = [20, 235] as const
const CLOUD = [5, 30] as const
const GRAIN = [3, 14] as const
const COAT_SPREAD = 16
const SHADE = 12

const PINK: Colour = [226, 150, 146]
const DARK: Colour = [24, 20, 22]
const WHITE: Colour = [250, 250, 248]
const WHISKER: Colour = [236, 232, 226]
const TONGUE: Colour = [226, 108, 122]

/** Where the head is. */
interface Frame {
  readonly x: number
  readonly y: number
  readonly radius: number
  readonly cosine: number
  readonly sine: number
  readonly stretch: number
  /** How far the face looks to a side, in radii. */
  readonly turn: number
}

type Brush = (shape: PetShape, base: Colour, spread?: number) => void

function frameOf(input: PetInput, random: Random): Frame {
  const radius = random.between(...RADIUS[input])
  const room = Math.max(0, GRID / 2 - radius * EAR_ROOM) * ROAM
  const [x, y] = [random.between(-room, room), random.between(-room, room)]
  const [cosine, sine] = tilt(random)
  // Ears need more room than the chin.
  const middle = GRID / 2 + radius * 0.15
  return {
    x: GRID / 2 + x,
    y: middle + y,
    radius,
    cosine,
    sine,
    stretch: random.between(...STRETCH),
    turn: random.between(-MAX_TURN, MAX_TURN),
  }
}

/** Paints shapes in the frame, moved by `shift` radii to the side. */
function brushOf(canvas: Canvas, frame: Frame, shift: number, random: Random): Brush {
  const { cosine, sine, radius, stretch } = frame
  return (shape, base, spread = SHADE) => {
    const [u, v] = [(shape.x + shift) * stretch, shape.y / stretch]
    const centre = {
      x: frame.x + (u * cosine - v * sine) * radius,
      y: frame.y + (u * sine + v * cosine) * radius,
      reach: shape.reach * radius * 1.12 + 1,
    }
    paint(canvas, centre, fill(base, spread, random), (dx, dy) => {
      const [px, py] = [(dx * cosine + dy * sine) / radius + u, (dy * cosine - dx * sine) / radius + v]
      return shape.outline(px / stretch - shift, py * stretch) * radius
    })
  }
}

function paintEars(brush: Brush, { ears, earColour, species }: DrawnBreed): void {
  const { outer, inner } = EARS[ears]
  for (const side of [outer, mirrored(outer)]) brush(side, earColour)
  if (inner)
    for (const side of [inner, mirrored(inner)]) brush(side, species === 'cat' ? PINK : earInside(earColour), 6)
}

/** The inside of a dog's ear: its colour, halfway to pink. */
const earInside = (ear: Colour): Colour => [(ear[0] + PINK[0]) / 2, (ear[1] + PINK[1]) / 2, (ear[2] + PINK[2]) / 2]

function paintEyes(brush: Brush, { eyes, species }: DrawnBreed): void {
  const isCat = species === 'cat'
  const [x, y] = isCat ? [0.4, -0.08] : [0.36, -0.16]
  for (const side of [x, -x]) {
    if (isCat) brush(ellipse(side, y, 0.23, 0.19), DARK, 0)
    brush(isCat ? ellipse(side, y, 0.2, 0.16) : ellipse(side, y, 0.15, 0.16), eyes, 4)
    brush(isCat ? ellipse(side, y, 0.06, 0.15) : ellipse(side, y, 0.09, 0.1), DARK, 0)
    brush(ellipse(side + 0.06, y - 0.07, 0.045, 0.045), WHITE, 0)
  }
}

function paintMuzzle(brush: Brush, { species, muzzle, nose }: DrawnBreed, hasTongue: boolean): void {
  if (species === 'cat') {
    for (const side of [0.17, -0.17]) brush(ellipse(side, 0.46, 0.24, 0.19), muzzle, 6)
    brush(ellipse(0, 0.62, 0.16, 0.12), muzzle, 6)
    brush(ellipse(0, 0.3, 0.11, 0.075), nose, 6)
    for (const whisker of WHISKERS) for (const side of [whisker, mirrored(whisker)]) brush(side, WHISKER, 0)
    return
  }
  if (hasTongue) brush(ellipse(0, 0.92, 0.15, 0.24), TONGUE, 6)
  brush(ellipse(0, 0.45, 0.46, 0.4), muzzle, 8)
  brush(ellipse(0, 0.24, 0.2, 0.14), nose, 4)
  brush(ellipse(0, 0.5, 0.025, 0.15), DARK, 0)
  brush(ellipse(0, 0.64, 0.2, 0.03), DARK, 0)
}

/**
 * Draws one picture `[size, size, 3]` into `target` from `offset`: the head and shoulders of the breed at a random place, size and
 * tilt, looking a little to a side, before some background, under clouds and grain. `cropped`: the head fills the picture.
 */
export function drawPet(
  breed: DrawnBreed,
  input: PetInput,
  size: number,
  random: Random,
  target: Uint8Array,
  offset: number,
): void {
  const canvas = createCanvas(size)
  paintBackground(canvas, fill(colour(...BACKGROUND, random), 45, random), random.between(...CLOUD), random)
  paintClutter(canvas, random)
  const frame = frameOf(input, random)
  const coat = near(breed.coat, COAT_SPREAD, random)
  const own = { ...breed, coat, earColour: near(breed.earColour, COAT_SPREAD, random) }
  const brush = brushOf(canvas, frame, 0, random)
  brush(ellipse(0, 1.9, 1.02, 1.3), coat)
  paintEars(brush, own)
  const head = breed.species === 'cat' ? ellipse(0, 0, 1, 0.9) : ellipse(0, 0, 0.92, 0.98)
  brush(head, coat)
  if (breed.marking) for (const mark of MARKINGS[breed.marking]) brush(inside(mark, head), breed.mark, 8)
  const face = brushOf(canvas, frame, frame.turn, random)
  paintMuzzle(face, own, random.chance(0.4))
  paintEyes(face, own)
  develop(canvas, random.between(...GRAIN), random, target, offset)
}
