import type { ImageSet } from '@pawprint/engine'
import {
  MAX_FRAME_BYTES,
  MAX_THUMBNAILS,
  MAX_THUMBNAILS_BYTES,
  MAX_THUMBNAILS_PER_CELL,
  type ModelEvaluation,
  THUMBNAILS_FILE,
  type Thumbnails,
} from '@pawprint/protocol'
import { areProbabilities } from '../metrics/calibration.ts'
import { namedClasses } from '../metrics/confusion.ts'
import type { Predictions } from '../metrics/predictions.ts'
import type { Upload } from '../wire/upload.ts'
import type { ArtifactFile, ArtifactSettings } from './artifacts.ts'
import { hashed } from './hashed.ts'
import { COLUMNS, sheetOf, sideOf } from './thumbnailSheet.ts'

/** Images of one cell of the confusion: of class `was`, named `said`. */
export interface Cell {
  readonly was: number
  readonly said: number
  /** Their numbers in the test set: those first that the model was surest of. */
  readonly images: readonly number[]
}

/**
 * Up to 10 images of each cell of the confusion, at most 1,000 of all: each cell gets its first before any gets its second, mistakes
 * before what was named rightly, and of those the more frequent. Cells are in the order of the matrix, row by row.
 */
export function chooseThumbnails(predictions: Predictions): Cell[] {
  const { labels, probabilities, classCount } = predictions
  const cells = new Map<number, { seen: number; images: number[] }>()
  const surenessOf = (image: number, said: number): number => probabilities[image * classCount + said] ?? 0
  namedClasses(predictions).forEach((said, image) => {
    const key = (labels[image] ?? 0) * classCount + said
    const cell = cells.get(key) ?? { seen: 0, images: [] }
    cells.set(key, cell)
    cell.seen++
    // A short sorted list: a test set may have a million images.
    const place = cell.images.findIndex((other) => surenessOf(other, said) < surenessOf(image, said))
    cell.images.splice(place < 0 ? cell.images.length : place, 0, image)
    if (cell.images.length > MAX_THUMBNAILS_PER_CELL) cell.images.pop()
  })
  const isMistake = (key: number): number => Number(Math.floor(key / classCount) !== key % classCount)
  const byNeed = [...cells].sort(([a, { seen: m }], [b, { seen: n }]) => isMistake(b) - isMistake(a) || n - m || a - b)
  const kept = shareOut(byNeed.map(([, { images }]) => images.length))
  return byNeed
    .map(([key, { images }], i) => ({ key, images: images.slice(0, kept[i]) }))
    .filter(({ images }) => images.length > 0)
    .sort((a, b) => a.key - b.key)
    .map(({ key, images }) => ({ was: Math.floor(key / classCount), said: key % classCount, images }))
}

/** How many each gets, one after another and round by round, until all have what they ask for or there are no more. */
function shareOut(wanted: readonly number[]): number[] {
  const kept = wanted.map(() => 0)
  let left = MAX_THUMBNAILS
  for (let round = 0; round < MAX_THUMBNAILS_PER_CELL; round++)
    wanted.forEach((count, i) => {
      if (count <= round || left === 0) return
      kept[i] = round + 1
      left--
    })
  return kept
}

/** What is sent of thumbnails: a file, uploaded already, and its place in the evaluation. */
export interface BroughtThumbnails {
  readonly file: ArtifactFile
  readonly evaluation: ModelEvaluation
}

/**
 * Draws the thumbnails of a test set and brings them to the store. Null when they are left out: there is no confusion to show them by, or the
 * images are neither RGB nor grey, or several to a label, or they cannot be drawn or brought there. Throws only the signal's reason.
 */
export async function bringThumbnails(
  testSet: ImageSet,
  probabilities: Float32Array,
  evaluation: ModelEvaluation | null,
  { upload, onLeftOut, signal }: ArtifactSettings,
): Promise<BroughtThumbnails | null> {
  const { images, height, width, channels, labels, classCount } = testSet
  // Predictions that are no numbers have a confusion and no scores.
  if (evaluation?.confusion === undefined || evaluation.classes === undefined) return null
  if (channels !== 1 && channels !== 3) return null
  // A model of several inputs sees several images of each sample.
  if (images.length !== labels.length * height * width * channels) return null
  try {
    const predictions = { labels, probabilities, classCount }
    const cells = chooseThumbnails(predictions)
    const thumbnails = indexOf(cells, predictions, sideOf(testSet))
    const whole = { ...evaluation, thumbnails }
    if (JSON.stringify(whole).length > MAX_FRAME_BYTES / 2) return null
    const chosen = cells.flatMap((cell) => cell.images)
    const sheet: Upload = await hashed(await sheetOf({ ...testSet, channels }, chosen), 'artifact')
    if (sheet.bytes.length > MAX_THUMBNAILS_BYTES)
      throw new RangeError(`${sheet.bytes.length} bytes, and they may have ${MAX_THUMBNAILS_BYTES}`)
    await upload(sheet)
    return { file: { name: THUMBNAILS_FILE, ...sheet }, evaluation: whole }
  } catch (error) {
    signal.throwIfAborted()
    onLeftOut('thumbnail', error)
    return null
  }
}

function indexOf(cells: readonly Cell[], predictions: Predictions, size: number): Thumbnails {
  const { probabilities, classCount } = predictions
  const hasProbabilities = areProbabilities(predictions)
  // Three digits: the page shows whole percents.
  const short = (value: number): number => Math.min(1, Math.round(value * 1000) / 1000)
  return {
    size,
    columns: Math.min(COLUMNS, Math.max(1, cells.flatMap(({ images }) => images).length)),
    cells: cells.map(({ was, said, images }) => ({
      ...{ was, said, count: images.length },
      ...(hasProbabilities
        ? { probabilities: images.map((image) => short(probabilities[image * classCount + said] ?? 0)) }
        : {}),
    })),
  }
}
