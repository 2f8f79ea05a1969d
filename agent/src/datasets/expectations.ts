import { type DuplicateGroup, imageName, isAcrossSets, isAmbiguous } from './duplicates.ts'
import { DatasetError } from './errors.ts'
import { SIDES } from './folder/contentSides.ts'
import type { Inspection } from './inspect.ts'

/** Looks at an inspection and throws when something is not as it should be; a DatasetError brings its advice along. */
export type Expectation = (inspection: Inspection) => void | Promise<void>

/** Fewest images of a class, by set. */
export interface FewestImages {
  /** Default 1. */
  readonly train?: number
  /** Default 0. */
  readonly validation?: number
  /** Default 1. */
  readonly test?: number
}

const refuse = (at: string, expected: string, got: string, advice: string): never => {
  throw new DatasetError('E_EXPECTATION', at, expected, got, { advice })
}

/**
 * Expects some images of each class in each set, by default one to train and one to test. Throws DatasetError `E_EXPECTATION` with the
 * first class that has fewer.
 */
export function expectEveryClass({ counts, classNames }: Inspection, fewest: FewestImages = {}): void {
  const wanted = { train: 1, validation: 0, test: 1, ...fewest }
  for (const side of SIDES) {
    const label = counts[side].perClass.findIndex((count) => count < wanted[side])
    if (label < 0) continue
    const at = `${side} images of "${classNames[label]}"`
    const advice = 'Add pictures of the class, choose larger splits or another seed, or leave the class out (subset).'
    refuse(at, `at least ${wanted[side]}`, `${counts[side].perClass[label]}`, advice)
  }
}

const shown = (groups: readonly DuplicateGroup[]): string => {
  const [first = []] = groups
  const example = first.map(imageName).join(' = ')
  return groups.length === 1 ? example : `${groups.length.toLocaleString('en')} groups of them, as ${example}`
}

/** Expects no image to be in two sets, where it would be both learned and tested. Throws DatasetError `E_EXPECTATION`. */
export function expectNoLeaks({ duplicates }: Inspection): void {
  const leaks = duplicates.filter(isAcrossSets)
  const advice = 'Remove the copies, or split by content as datasets.imageFolder does.'
  if (leaks.length > 0) refuse('sets', 'no equal images in two of them', shown(leaks), advice)
}

/** Expects equal images to have one label. Throws DatasetError `E_EXPECTATION`. */
export function expectOneClassEach({ duplicates }: Inspection): void {
  const doubtful = duplicates.filter(isAmbiguous)
  const advice = 'Leave each picture in the folder of its right class only.'
  if (doubtful.length > 0) refuse('classes', 'no equal images of two of them', shown(doubtful), advice)
}

/**
 * Expects the largest class to have at most `maxRatio` times the training images of the smallest; a finite number from 1, default 10.
 * Throws DatasetError `E_EXPECTATION`, also for a class without any.
 */
export function expectBalance({ counts, classNames }: Inspection, maxRatio = 10): void {
  if (!(maxRatio >= 1))
    throw new DatasetError('E_OPTION', 'expectBalance: maxRatio', 'a number from 1', String(maxRatio))
  const { perClass } = counts.train
  const [largest, smallest] = [Math.max(...perClass), Math.min(...perClass)]
  if (largest <= smallest * maxRatio) return
  const nameOf = (count: number): string => `${count} of "${classNames[perClass.indexOf(count)]}"`
  const advice =
    'Add pictures of the small classes, take fewer of the large ones (subset), or weigh them (classWeightsOf).'
  refuse('training images', `classes of at most ${maxRatio} : 1`, `${nameOf(largest)} and ${nameOf(smallest)}`, advice)
}
