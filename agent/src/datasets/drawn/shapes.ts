import { setImmediate } from 'node:timers/promises'
import { allocateImages, CHANNELS, labelledImages, preprocessingOf } from '../images.ts'
import { resolveShapesOptions } from '../options.ts'
import { seededRandom } from '../random.ts'
import { stratifiedSplit } from '../split.ts'
import type { Dataset, DatasetOptions, LabelledImages } from '../types.ts'
import { drawShape } from './drawShape.ts'
import { outlines } from './shapeOutlines.ts'

/** Pictures in *shapes* before validation is split off, the same number of each class. */
export const SHAPES_TRAIN_COUNT = 5_000
export const SHAPES_TEST_COUNT = 1_000

// Naming the streams: every picture is drawn from (set, part, index), so it depends on no other picture.
const SHAPES_STREAM = 0x73686170
const PART = { train: 1, test: 2 } as const
const DRAWN_PER_TURN = 64

/** Draws the pictures with the given numbers; the kernel stays responsive meanwhile. */
async function draw(part: number, indices: readonly number[], imageSize: number): Promise<LabelledImages> {
  const classes = Object.values(outlines)
  const set = allocateImages(indices.length, imageSize)
  for (const [position, index] of indices.entries()) {
    const label = index % classes.length
    const random = seededRandom(SHAPES_STREAM, part, index)
    const outline = classes[label]
    if (outline) drawShape(outline, imageSize, random, set.images, position * imageSize * imageSize * CHANNELS)
    set.labels[position] = label
    if (position % DRAWN_PER_TURN === 0) await setImmediate()
  }
  return labelledImages(set, imageSize, Object.keys(outlines))
}

/**
 * The built-in set *shapes*: ten drawn classes, 5,000 pictures to train (and validate) and 1,000 to test, the same bytes on
 * every machine. The pictures themselves are fixed, so accuracies compare; `seed` decides the validation split.
 * Throws DatasetError `E_OPTION`.
 */
export async function shapes(options: DatasetOptions = {}): Promise<Dataset> {
  const { imageSize, validationSplit, seed } = resolveShapesOptions(options)
  const classNames = Object.keys(outlines)
  const labels = Uint8Array.from({ length: SHAPES_TRAIN_COUNT }, (_, index) => index % classNames.length)
  const split = stratifiedSplit(labels, classNames.length, validationSplit, seed)
  return {
    train: await draw(PART.train, split.train, imageSize),
    validation: await draw(PART.train, split.validation, imageSize),
    test: await draw(PART.test, [...Array(SHAPES_TEST_COUNT).keys()], imageSize),
    task: { name: 'shapes', classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
    preprocessing: preprocessingOf(imageSize),
    source: 'built-in drawings',
  }
}
