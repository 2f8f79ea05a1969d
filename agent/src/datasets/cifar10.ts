import { setImmediate } from 'node:timers/promises'
import type { Task } from '../types.ts'
import { CIFAR_ARCHIVE, CIFAR_TEST_FILE, CIFAR_TRAIN_FILES, type CifarPlace, readCifarFiles } from './cifarFiles.ts'
import { CIFAR_SIDE, parseClassNames, parseRecords, type Records } from './cifarRecords.ts'
import { download } from './download.ts'
import { DatasetError } from './errors.ts'
import { allocateImages, CHANNELS, labelledImages, preprocessingOf } from './images.ts'
import { cacheFolder, kindOf, localFolders, locateCifar10, namedFolder, type Surroundings } from './locate.ts'
import { CIFAR10_URL, type Cifar10Settings, resolveCifar10Options } from './options.ts'
import { progressPrinter } from './progress.ts'
import { resizeImages } from './resize.ts'
import { shapes } from './shapes.ts'
import { stratifiedSplit } from './split.ts'
import type { Cifar10Options, Dataset, LabelledImages } from './types.ts'

const OFFICIAL_TRAIN_COUNT = 50_000
const OFFICIAL_TEST_COUNT = 10_000

/** Largest archive downloaded; the official one has 170,052,171 bytes. */
const MAX_ARCHIVE_BYTES = 256 * 2 ** 20
const RETRY_DELAY_MS = 1_000
const IMAGE_BYTES = CIFAR_SIDE * CIFAR_SIDE * CHANNELS

/** Images that one turn converts or resizes before others get theirs. */
const IMAGES_PER_TURN = 256

/** Codes after which the built-in set stands in: reasons that lie outside this machine's data. */
const DOWNLOAD_FAILED: ReadonlySet<string> = new Set(['E_NETWORK', 'E_ANSWER', 'E_CHECKSUM', 'E_STORAGE'])

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

async function readCifar10(place: CifarPlace, settings: Cifar10Settings, source: string): Promise<Dataset> {
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

async function fetchCifar10(settings: Cifar10Settings, around: Surroundings): Promise<CifarPlace> {
  const path = await download({
    url: settings.url,
    md5: settings.md5,
    folder: cacheFolder(around),
    name: CIFAR_ARCHIVE,
    maxBytes: MAX_ARCHIVE_BYTES,
    connectTimeoutMs: settings.connectTimeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs,
    retryDelayMs: RETRY_DELAY_MS,
    onProgress: settings.onProgress ?? progressPrinter('Downloading CIFAR-10', process.stderr),
    signal: settings.signal,
    nowMs: Date.now(),
  })
  return { type: 'archive', path }
}

async function findFetchOrDraw(settings: Cifar10Settings, around: Surroundings): Promise<Dataset> {
  const named = namedFolder(settings.directory, around)
  const roots = [...(named ? [named.path] : []), ...localFolders(around), cacheFolder(around)]
  const found = await locateCifar10(roots)
  if (found) return readCifar10(found, settings, found.path)
  try {
    const fetched = await fetchCifar10(settings, around)
    return await readCifar10(fetched, settings, `${fetched.path}, downloaded from ${settings.url}`)
  } catch (error) {
    if (!(error instanceof DatasetError && DOWNLOAD_FAILED.has(error.code))) throw error
    return drawInstead(error, settings, named, around)
  }
}

/** The built-in set, with the plain line for a person who asked for CIFAR-10. */
async function drawInstead(
  reason: DatasetError,
  { imageSize, validationSplit, seed }: Cifar10Settings,
  named: ReturnType<typeof namedFolder>,
  around: Surroundings,
): Promise<Dataset> {
  const isMissing = named !== null && (await kindOf(named.path)) === null
  const reasons = isMissing ? `${reason.got}; ${named.by} names ${named.path}, which is not there` : reason.got
  const notice =
    `CIFAR-10 was not found and could not be downloaded (${reasons}). Using the built-in set "shapes". ` +
    `To use CIFAR-10, put ${CIFAR_ARCHIVE} from ${CIFAR10_URL} into ./datasets (${localFolders(around)[0]}).`
  return { ...(await shapes({ imageSize, validationSplit, seed })), notice }
}

/**
 * CIFAR-10: from a folder on this machine, else downloaded, else *shapes* in its place, which the notice then says.
 * Throws DatasetError `E_OPTION` or `E_FORMAT`, and the signal's reason.
 */
export async function cifar10(options: Cifar10Options, around: Surroundings): Promise<Dataset> {
  const settings = resolveCifar10Options(options, around.env)
  const { log = console.log } = settings
  settings.signal?.throwIfAborted()
  const dataset = await findFetchOrDraw(settings, around)
  if (dataset.notice) log(dataset.notice)
  return dataset
}
