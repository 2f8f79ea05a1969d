import type { Colour } from '../drawn/canvas.ts'

/** Shapes of ears, after those of the breeds. */
export type Ears = 'pointed' | 'large' | 'upright' | 'wide' | 'button' | 'floppy'

/** What is drawn on the coat, in `mark`. */
export type Marking = 'stripes' | 'spots' | 'mask' | 'blaze' | 'wrinkles'

/** What tells one drawn breed from another. */
export interface DrawnBreed {
  /** As Oxford-IIIT Pet writes it. */
  readonly breed: string
  readonly species: 'cat' | 'dog'
  readonly ears: Ears
  readonly coat: Colour
  readonly earColour: Colour
  readonly muzzle: Colour
  readonly eyes: Colour
  readonly nose: Colour
  readonly marking: Marking | null
  readonly mark: Colour
}

const BLACK: Colour = [30, 28, 32]
const BROWN_EYES: Colour = [70, 42, 26]
const PINK: Colour = [205, 110, 110]

/** Six breeds of cats and six of dogs out of the 37, simplified, in the order of Oxford-IIIT Pet. */
export const DRAWN_BREEDS: readonly DrawnBreed[] = [
  {
    breed: 'Abyssinian',
    species: 'cat',
    ears: 'pointed',
    coat: [188, 116, 62],
    earColour: [160, 92, 48],
    muzzle: [236, 208, 172],
    eyes: [206, 190, 70],
    nose: [190, 92, 82],
    marking: 'stripes',
    mark: [104, 58, 30],
  },
  {
    breed: 'beagle',
    species: 'dog',
    ears: 'floppy',
    coat: [176, 108, 58],
    earColour: [118, 66, 36],
    muzzle: [246, 240, 230],
    eyes: BROWN_EYES,
    nose: BLACK,
    marking: 'blaze',
    mark: [246, 240, 230],
  },
  {
    breed: 'Bengal',
    species: 'cat',
    ears: 'pointed',
    coat: [220, 172, 100],
    earColour: [196, 146, 82],
    muzzle: [246, 228, 196],
    eyes: [126, 196, 96],
    nose: PINK,
    marking: 'spots',
    mark: [88, 54, 28],
  },
  {
    breed: 'Bombay',
    species: 'cat',
    ears: 'pointed',
    coat: [40, 37, 44],
    earColour: [34, 31, 38],
    muzzle: [56, 52, 60],
    eyes: [236, 168, 44],
    nose: [22, 20, 24],
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'chihuahua',
    species: 'dog',
    ears: 'wide',
    coat: [220, 172, 116],
    earColour: [206, 152, 98],
    muzzle: [246, 226, 194],
    eyes: [44, 30, 24],
    nose: BLACK,
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'newfoundland',
    species: 'dog',
    ears: 'floppy',
    coat: [58, 44, 40],
    earColour: [42, 32, 30],
    muzzle: [76, 60, 54],
    eyes: [110, 70, 40],
    nose: [20, 18, 20],
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'pug',
    species: 'dog',
    ears: 'button',
    coat: [226, 196, 154],
    earColour: [56, 46, 44],
    muzzle: [62, 50, 48],
    eyes: [36, 26, 24],
    nose: [18, 16, 18],
    marking: 'wrinkles',
    mark: [150, 116, 84],
  },
  {
    breed: 'Russian_Blue',
    species: 'cat',
    ears: 'pointed',
    coat: [124, 140, 162],
    earColour: [106, 120, 142],
    muzzle: [158, 172, 190],
    eyes: [104, 200, 124],
    nose: [96, 84, 104],
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'samoyed',
    species: 'dog',
    ears: 'upright',
    coat: [244, 242, 236],
    earColour: [232, 226, 214],
    muzzle: [252, 250, 246],
    eyes: [52, 36, 30],
    nose: BLACK,
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'shiba_inu',
    species: 'dog',
    ears: 'upright',
    coat: [218, 132, 62],
    earColour: [190, 106, 44],
    muzzle: [250, 238, 220],
    eyes: [58, 36, 26],
    nose: BLACK,
    marking: null,
    mark: BLACK,
  },
  {
    breed: 'Siamese',
    species: 'cat',
    ears: 'pointed',
    coat: [238, 226, 204],
    earColour: [84, 62, 54],
    muzzle: [104, 80, 70],
    eyes: [72, 148, 236],
    nose: [58, 42, 40],
    marking: 'mask',
    mark: [112, 86, 74],
  },
  {
    breed: 'Sphynx',
    species: 'cat',
    ears: 'large',
    coat: [232, 188, 174],
    earColour: [222, 166, 152],
    muzzle: [240, 204, 192],
    eyes: [118, 186, 196],
    nose: PINK,
    marking: 'wrinkles',
    mark: [186, 134, 122],
  },
]
