import { setImmediate } from 'node:timers/promises'
import { countsOf } from './classWeights.ts'
import { type DuplicateGroup, findDuplicates } from './duplicates.ts'
import { SIDES, type Side } from './folder/contentSides.ts'
import type { BrokenImage, Dataset, DatasetFiles, LabelledImages } from './types.ts'

/** Smallest, middle and largest of some numbers; of an even number of them the lower middle one. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

/** What there is to know about a dataset before training: plain data. */
export interface Inspection {
  readonly task: string
  readonly classNames: readonly string[]
  /** Side of the images in pixels. */
  readonly imageSize: number
  /** Images of each set, over all and by class. */
  readonly counts: Readonly<Record<Side, { readonly all: number; readonly perClass: readonly number[] }>>
  /** Images with equal pixels, in groups of two or more. */
  readonly duplicates: readonly DuplicateGroup[]
  /** Pictures that were left out. Empty for sets that do not come from files. */
  readonly broken: readonly BrokenImage[]
  /** Sizes of the pictures before they became images, in pixels; null for sets that do not come from files. */
  readonly pictures: {
    readonly width: Spread
    readonly height: Spread
    /** Pictures that had to be enlarged: one of their sides is shorter than an image's. */
    readonly enlarged: number
  } | null
  /** Mean and standard deviation of the training images by channel (red, green, blue), as fractions of 255; null without images. */
  readonly channels: { readonly mean: readonly number[]; readonly std: readonly number[] } | null
}

/** Pixels that one turn sums up before others get theirs. */
const PIXELS_PER_TURN = 2 ** 20

function spreadOf(numbers: readonly number[]): Spread {
  const sorted = Float64Array.from(numbers).sort()
  const at = (index: number): number => sorted[index] as number
  return { min: at(0), median: at((sorted.length - 1) >> 1), max: at(sorted.length - 1) }
}

function picturesOf(files: DatasetFiles | undefined, imageSize: number): Inspection['pictures'] {
  const all = SIDES.flatMap((side) => files?.[side] ?? [])
  if (all.length === 0) return null
  const enlarged = all.filter(({ width, height }) => Math.min(width, height) < imageSize).length
  return { width: spreadOf(all.map(({ width }) => width)), height: spreadOf(all.map(({ height }) => height)), enlarged }
}

/** The sums of whole numbers stay below 2⁵³, so they are exact. */
async function channelsOf({ images, channels }: LabelledImages): Promise<Inspection['channels']> {
  if (images.length === 0) return null
  const [sums, squares] = [new Array<number>(channels).fill(0), new Array<number>(channels).fill(0)]
  for (let start = 0; start < images.length; start += PIXELS_PER_TURN * channels) {
    const end = Math.min(images.length, start + PIXELS_PER_TURN * channels)
    for (let channel = 0; channel < channels; channel++) {
      let [sum, square] = [0, 0]
      for (let at = start + channel; at < end; at += channels) {
        const value = images[at] as number
        sum += value
        square += value * value
      }
      sums[channel] = (sums[channel] as number) + sum
      squares[channel] = (squares[channel] as number) + square
    }
    await setImmediate()
  }
  const count = images.length / channels
  const mean = sums.map((sum) => sum / count)
  const std = squares.map((square, channel) => Math.sqrt(Math.max(0, square / count - (mean[channel] as number) ** 2)))
  return { mean: mean.map((value) => value / 255), std: std.map((value) => value / 255) }
}

/**
 * Looks at a dataset before training: how the classes are spread over the sets, images that are there twice, broken pictures,
 * sizes, colours. `inspectText` writes it down; `expectEveryClass`, `expectNoLeaks`, `expectOneClassEach` and `expectBalance`
 * refuse what would spoil a training or its figures.
 */
export async function inspect(dataset: Dataset): Promise<Inspection> {
  const { task, files } = dataset
  const counts = (side: Side): Inspection['counts'][Side] => {
    const { labels, classCount } = dataset[side]
    return { all: labels.length, perClass: countsOf(labels, classCount) }
  }
  const imageSize = dataset.preprocessing.imageSize
  return {
    task: task.name,
    classNames: task.classNames,
    imageSize,
    counts: { train: counts('train'), validation: counts('validation'), test: counts('test') },
    duplicates: await findDuplicates(dataset),
    broken: files?.broken ?? [],
    pictures: picturesOf(files, imageSize),
    channels: await channelsOf(dataset.train),
  }
}
