// A dataset by hand for the tests of this folder. Not part of the package's exports.
import { allocateImages, labelledImages, preprocessingOf } from '../images.ts'
import type { Dataset, LabelledImages } from '../types.ts'

export const SIDE = 8

/** One image: its label, and what all its bytes are, by channel. */
export type Plain = readonly [label: number, red: number, green?: number, blue?: number]

function setOf(images: readonly Plain[], classNames: readonly string[]): LabelledImages {
  const set = allocateImages(images.length, SIDE)
  for (const [index, [label, red, green = red, blue = red]] of images.entries()) {
    set.labels[index] = label
    for (let at = 0; at < SIDE * SIDE; at++) set.images.set([red, green, blue], (index * SIDE * SIDE + at) * 3)
  }
  return labelledImages(set, SIDE, classNames)
}

/** A dataset of plain images; files of 10 × 20 pixels are named `train/0` and so on. */
export function plainDataset(
  classNames: readonly string[],
  sets: { readonly train: readonly Plain[]; readonly validation?: readonly Plain[]; readonly test?: readonly Plain[] },
): Dataset {
  const { train, validation = [], test = [] } = sets
  const filesOf = (side: string, images: readonly Plain[]) =>
    images.map((_, index) => ({ name: `${side}/${index}`, width: 10, height: 20 }))
  return {
    train: setOf(train, classNames),
    validation: setOf(validation, classNames),
    test: setOf(test, classNames),
    task: { name: 'plain', classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
    preprocessing: preprocessingOf(SIDE),
    source: 'by hand',
    files: {
      train: filesOf('train', train),
      validation: filesOf('validation', validation),
      test: filesOf('test', test),
      broken: [{ name: 'x.jpg', reason: 'the file is empty' }],
    },
  }
}
