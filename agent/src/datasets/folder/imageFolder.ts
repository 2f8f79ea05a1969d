import { join } from 'node:path'
import { MAX_NAME_LENGTH } from '@pawprint/protocol'
import { cacheFolder, type Surroundings } from '../archives/locate.ts'
import { DatasetError } from '../errors.ts'
import { labelledImages, MAX_CLASSES, pixelBytes, preprocessingOf } from '../images.ts'
import type { PictureSize } from '../pixels/decode.ts'
import { type CachedDecoded, decodeCached, decoderName } from '../pixels/decodeCached.ts'
import type { CacheSettings } from '../pixels/pixelCache.ts'
import { countPrinter } from '../progress.ts'
import type { BrokenImage, Dataset, ImageFile, ImageFolderOptions, LabelledImages } from '../types.ts'
import { hashFiles, readHashed, SIDES, type Side, sideOf } from './contentSides.ts'
import { type FolderFile, listFolderFiles } from './folderFiles.ts'
import { folderNotice } from './folderNotice.ts'
import { type ImageFolderSettings, resolveImageFolderOptions } from './folderOptions.ts'

/** Most that is kept in the user's cache folder, of all sets together. */
const MAX_CACHE_BYTES = 4 * 2 ** 30

/** A picture, the set that it goes to, and its label. */
interface Placed extends FolderFile {
  readonly sha256: string
  readonly side: Side
  readonly label: number
}

/** One set: images that lie one after the other. */
interface Part {
  readonly set: LabelledImages
  readonly files: readonly ImageFile[]
}

function checkClassNames(classNames: readonly string[], place: string): void {
  if (classNames.length > MAX_CLASSES)
    throw new DatasetError('E_FORMAT', place, `at most ${MAX_CLASSES} classes`, String(classNames.length))
  const long = classNames.find((name) => name.length > MAX_NAME_LENGTH)
  if (long !== undefined)
    throw new DatasetError('E_FORMAT', place, `class names of at most ${MAX_NAME_LENGTH} characters`, `"${long}"`)
}

/** By side, then by content: names and the order of folders do not matter for the fingerprint, and classes are mixed. */
function inOrder(a: Placed, b: Placed): number {
  if (a.side !== b.side) return SIDES.indexOf(a.side) - SIDES.indexOf(b.side)
  if (a.sha256 !== b.sha256) return a.sha256 < b.sha256 ? -1 : 1
  return a.label - b.label || (a.name < b.name ? -1 : 1)
}

async function cacheOf(settings: ImageFolderSettings, around: Surroundings): Promise<CacheSettings | null> {
  if (!settings.cache) return null
  const root = join(cacheFolder(around), 'decoded-v1')
  return { root, decoder: await decoderName(), imageSize: settings.imageSize, maxBytes: MAX_CACHE_BYTES }
}

/** Cuts what was decoded, which is sorted by side, into the three sets. */
function partsOf(
  { images, indices, sizes }: CachedDecoded,
  placed: readonly Placed[],
  imageSize: number,
  classNames: readonly string[],
): Record<Side, Part> {
  const sizeBytes = pixelBytes(imageSize)
  const decoded = indices.map((index) => placed[index] as Placed)
  const labels = new Uint8Array(new SharedArrayBuffer(decoded.length))
  labels.set(decoded.map(({ label }) => label))
  const part = (side: Side): Part => {
    const start = decoded.filter((one) => SIDES.indexOf(one.side) < SIDES.indexOf(side)).length
    const end = start + decoded.filter((one) => one.side === side).length
    const cut = {
      images: images.subarray(start * sizeBytes, end * sizeBytes),
      labels: labels.subarray(start, end),
    }
    const files = decoded.slice(start, end).map(({ name }, at) => ({ name, ...(sizes[start + at] as PictureSize) }))
    return { set: labelledImages(cut, imageSize, classNames), files }
  }
  return { train: part('train'), validation: part('validation'), test: part('test') }
}

function checkLeft(
  left: readonly Placed[],
  classNames: readonly string[],
  files: readonly FolderFile[],
  broken: readonly BrokenImage[],
): void {
  const has = new Set(left.map(({ className }) => className))
  const lost = classNames.find((name) => !has.has(name))
  if (lost === undefined) return
  const names = new Set(files.filter(({ className }) => className === lost).map(({ name }) => name))
  const example = broken.find(({ name }) => names.has(name))
  const got = `only broken ones, as ${example?.name}: ${example?.reason}`
  throw new DatasetError('E_FORMAT', `class "${lost}"`, 'a picture that can be decoded', got)
}

async function readFolders(settings: ImageFolderSettings, around: Surroundings, nowMs: number): Promise<Dataset> {
  const { folders, imageSize, signal } = settings
  const source = folders.join(', ')
  const { classNames, files } = await listFolderFiles(folders, settings.classes)
  checkClassNames(classNames, source)
  const { hashed, broken: unreadable } = await hashFiles(files, signal)
  const placed = hashed
    .map((file) => ({ ...file, side: sideOf(file.sha256, settings), label: classNames.indexOf(file.className) }))
    .sort(inOrder)
  const decoded = await decodeCached(
    placed.map(({ path, name, sha256 }) => ({ name, key: sha256, read: () => readHashed(path, sha256) })),
    { imageSize, signal, onProgress: settings.onProgress ?? countPrinter('Decoding pictures', process.stderr) },
    await cacheOf(settings, around),
    nowMs,
  )
  const broken = [...unreadable, ...decoded.broken]
  const left = decoded.indices.map((index) => placed[index] as Placed)
  checkLeft(left, classNames, files, broken)
  const { train, validation, test } = partsOf(decoded, placed, imageSize, classNames)
  const notice = folderNotice({ settings, classNames, left, broken, cacheProblem: decoded.cacheProblem })
  return {
    train: train.set,
    validation: validation.set,
    test: test.set,
    task: { name: settings.name, classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
    preprocessing: preprocessingOf(imageSize),
    source,
    ...(notice ? { notice } : {}),
    files: { train: train.files, validation: validation.files, test: test.files, broken },
  }
}

/**
 * A dataset of folders of pictures, a class per folder. Throws DatasetError `E_OPTION` for a wrong option or a folder that is
 * not there, `E_FORMAT` when there are no classes, an empty one, or one with nothing but broken pictures; and the signal's reason.
 */
export async function imageFolder(
  directory: string | readonly string[],
  options: ImageFolderOptions,
  around: Surroundings,
): Promise<Dataset> {
  const settings = resolveImageFolderOptions(directory, options, around.currentFolder)
  const { log = console.log } = settings
  settings.signal?.throwIfAborted()
  const dataset = await readFolders(settings, around, Date.now())
  if (dataset.notice) log(dataset.notice)
  return dataset
}
