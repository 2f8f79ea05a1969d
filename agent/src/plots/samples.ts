import type { ImageSet } from '@pawprint/engine'
import { seededRandom, shuffle } from '../datasets/random.ts'
import { label, type Picture, shortened, svgOf, widthOf } from './picture.ts'
import { requireCount, requireNames } from './requirements.ts'
import { TILE, tileAt } from './tiles.ts'

export interface SamplesOptions {
  /** Images of each class; an integer from 1 to 50, default 8. */
  readonly perClass?: number
  /** Most classes, the first ones; an integer from 1, default 12. */
  readonly classes?: number
  /** Which images are drawn; an integer, 0 ≤ seed < 2³², default 0. */
  readonly seed?: number
}

const GAP = 3
const MAX_NAME = 24

/** Some images of each class, a row for each. Throws AgentError `E_OPTION`. */
export function samples(set: ImageSet, classNames: readonly string[], options: SamplesOptions = {}): Picture {
  const { perClass = 8, classes = 12, seed = 0 } = options
  requireNames('plots.samples', set, classNames)
  requireCount('plots.samples: perClass', perClass, 50)
  requireCount('plots.samples: classes', classes, classNames.length + classes)
  const shown = classNames.slice(0, classes).map((name) => shortened(name, MAX_NAME))
  const left = Math.max(...shown.map(widthOf)) + 8
  const rows = shown.map((name, row) => {
    const members = Array.from(set.labels.keys()).filter((index) => set.labels[index] === row)
    const drawn = shuffle(members, seededRandom(seed, row)).slice(0, perClass)
    const y = GAP + row * (TILE + GAP)
    const tiles = drawn.map((index, column) => tileAt(set, index, left + column * (TILE + GAP), y))
    return label(0, y + TILE / 2 + 4, name) + tiles.join('')
  })
  const more = classNames.length - shown.length
  const some = perClass === 1 ? 'An image' : `Up to ${perClass} images`
  const text = `${some} of each of ${shown.length} classes${more > 0 ? `; of ${more} more none is shown` : ''}`
  const size = { width: left + perClass * (TILE + GAP), height: GAP + shown.length * (TILE + GAP) }
  return { svg: svgOf(text, size, ...rows), text }
}
