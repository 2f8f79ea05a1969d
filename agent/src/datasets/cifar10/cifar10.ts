import { setImmediate } from 'node:timers/promises'
import type { Task } from '../../types.ts'
import type { Surroundings } from '../archives/locate.ts'
import { type Found, obtain } from '../archives/obtain.ts'
import type { Place } from '../archives/parts.ts'
import { shapes } from '../drawn/shapes.ts'
import { allocateImages, CHANNELS, labelledImages, preprocessingOf } from '../images.ts'
import { CIFAR10_URL, type Cifar10Settings, resolveCifar10Options } from '../options.ts'
import { resizeImages } from '../pixels/resize.ts'
import { stratifiedSplit } from '../split.ts'
import type { Cifar10Options, Dataset, LabelledImages } from '../types.ts'
import { CIFAR_PART, CIFAR_TEST_FILE, CIFAR_TRAIN_FILES, readCifarFiles } from './cifarFiles.ts'
import { CIFAR_SIDE, parseClassNames, parseRecords, type Records } from './cifarRecords.ts'

const OFFICIAL_TRAIN_COUNT = 50_000
const OFFICIAL_TEST_COUNT = 10_000

/** Largest archive downloaded; the official one has 170,052,171 bytes. */
const MAX_ARCHIVE_BYTES = 256 * 2 ** 20
const IMAGE_BYTES = CIFAR_SIDE * CIFAR_SIDE * CHANNELS

/** Images that one turn converts or resizes before others get theirs. */
const IMAGES_PER_TURN = 256

/** The images with the given numbers, resized if need be, in shared memory. */
async function select(
  records: Records,
  indices: readonly number[],
  imageSize: number,
  classNames: readonly string[],
  signal: AbortSignal | undefined,
): Promise<LabelledImages> {
  const set = allocateImages(indices.length, imageSize)
  const sizeBytes = imageSize * imageSize * CHANNELS
  for (let start = 0; start < indices.length; start += IMAGES_PER_TURN) {
    const chunk = indices.slice(start, start + IMAGES_PER_TURN)
    const images = new Uint8Array(chunk.length * IMAGE_BYTES)
    for (const [at, index] of chunk.entries()) {
      records.copyImage(index, images, at * IMAGE_BYTES)
      set.labels[start + at] = records.labels[index] as number
    }
    const isSame = imageSize === CIFAR_SIDE
    set.images.set(isSame ? images : await resizeImages(images, CIFAR_SIDE, imageSize), start * sizeBytes)
    await setImmediate()
    signal?.throwIfAborted()
  }
  return labelledImages(set, imageSize, classNames)
}

const counted = (count: number): string => count.toLocaleString('en')

async function readCifar10(place: Place, settings: Cifar10Settings, source: string): Promise<Dataset> {
  const { imageSize, validationSplit, seed, signal } = settings
  const files = await readCifarFiles(place, signal)
  const classNames = parseClassNames(files, place.path)
  const train = parseRecords(files, CIFAR_TRAIN_FILES, place.path)
  const test = parseRecords(files, [CIFAR_TEST_FILE], place.path)
  const split = stratifiedSplit(train.labels, classNames.length, validationSplit, seed)
  const task: Task = { name: 'cifar10', classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } }
  const [trainCount, testCount] = [train.labels.length, test.labels.length]
  const isOfficial = trainCount === OFFICIAL_TRAIN_COUNT && testCount === OFFICIAL_TEST_COUNT
  const holds = `${counted(trainCount)} training and ${counted(testCount)} test images`
  const official = `${counted(OFFICIAL_TRAIN_COUNT)} and ${counted(OFFICIAL_TEST_COUNT)}`
  return {
    train: await select(train, split.train, imageSize, classNames, signal),
    validation: await select(train, split.validation, imageSize, classNames, signal),
    test: await select(test, [...test.labels.keys()], imageSize, classNames, signal),
    task,
    preprocessing: preprocessingOf(imageSize),
    source,
    ...(isOfficial ? {} : { notice: `${place.path} holds ${holds}; the official CIFAR-10 has ${official}.` }),
  }
}

/**
 * CIFAR-10: from a folder on this machine, else downloaded, else *shapes* in its place, which the notice then says.
 * Throws DatasetError `E_OPTION` or `E_FORMAT`, and the signal's reason.
 */
export async function cifar10(options: Cifar10Options, around: Surroundings): Promise<Dataset> {
  const settings = resolveCifar10Options(options, around.env)
  const { url, md5, imageSize, validationSplit, seed } = settings
  const part = { ...CIFAR_PART, url, md5, maxBytes: MAX_ARCHIVE_BYTES }
  const set = { title: 'CIFAR-10', parts: [part], folder: '', home: CIFAR10_URL }
  const read = ({ places: [place], source }: Found): Promise<Dataset> => readCifar10(place as Place, settings, source)
  return obtain(set, settings, around, { read, standIn: () => shapes({ imageSize, validationSplit, seed }) })
}
