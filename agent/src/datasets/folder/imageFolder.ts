import type { Surroundings } from '../archives/locate.ts'
import { arrange, labelledImages, pixelBytes, preprocessingOf } from '../images.ts'
import type { PictureSize } from '../pixels/decode.ts'
import { type CachedDecoded, decodeCached } from '../pixels/decodeCached.ts'
import { countPrinter } from '../progress.ts'
import type { Dataset, ImageFile, ImageFolderOptions, LabelledImages } from '../types.ts'
import { SIDES, type Side, sideOf } from './contentSides.ts'
import { contentsOf } from './contents.ts'
import { createHashMemo, type HashMemo, type Stamp, stampOf } from './fileStamps.ts'
import { checkClassNames, checkLeft } from './folderChecks.ts'
import { type FolderFile, listFolderFiles } from './folderFiles.ts'
import { folderNotice } from './folderNotice.ts'
import { type ImageFolderSettings, resolveImageFolderOptions } from './folderOptions.ts'
import { createFolderSource, pixelCacheOf } from './folderSource.ts'
import { sidesByGroup } from './groupSides.ts'
import { readPicture } from './readPicture.ts'

/** A decoded picture, the set that it goes to, and its label. */
interface Placed extends FolderFile, PictureSize {
  readonly sha256: string
  readonly side: Side
  readonly label: number
}

/** One set: images that lie one after the other. */
interface Part {
  readonly set: LabelledImages
  readonly files: readonly ImageFile[]
}

/** By side, then by content: names and the order of folders do not matter for the fingerprint, and classes are mixed. */
function inOrder(a: Placed, b: Placed): number {
  if (a.side !== b.side) return SIDES.indexOf(a.side) - SIDES.indexOf(b.side)
  if (a.sha256 !== b.sha256) return a.sha256 < b.sha256 ? -1 : 1
  return a.label - b.label || (a.name < b.name ? -1 : 1)
}

/** Puts what was decoded in order, the images in place. */
function place(
  { images, indices, sizes, keys }: CachedDecoded,
  files: readonly FolderFile[],
  classNames: readonly string[],
  settings: ImageFolderSettings,
): readonly Placed[] {
  const labelled = indices.map((index, at) => {
    const [file, sha256] = [files[index] as FolderFile, keys[at] as string]
    return { at, ...file, ...(sizes[at] as PictureSize), sha256, label: classNames.indexOf(file.className) }
  })
  const sides = settings.groupOf && sidesByGroup(labelled, settings.groupOf, settings)
  const found = labelled.map((file, i) => ({ ...file, side: sides?.[i] ?? sideOf(file.sha256, settings) }))
  found.sort(inOrder)
  arrange(
    images,
    pixelBytes(settings.imageSize),
    found.map(({ at }) => at),
  )
  return found
}

/** Cuts images, sorted by side, into the three sets. */
function partsOf(
  images: Uint8Array,
  placed: readonly Placed[],
  imageSize: number,
  classNames: readonly string[],
): Record<Side, Part> {
  const sizeBytes = pixelBytes(imageSize)
  const labels = new Uint8Array(new SharedArrayBuffer(placed.length))
  labels.set(placed.map(({ label }) => label))
  const part = (side: Side): Part => {
    const start = placed.filter((one) => SIDES.indexOf(one.side) < SIDES.indexOf(side)).length
    const end = start + placed.filter((one) => one.side === side).length
    const cut = {
      images: images.subarray(start * sizeBytes, end * sizeBytes),
      labels: labels.subarray(start, end),
    }
    const files = placed.slice(start, end).map(({ name, width, height }) => ({ name, width, height }))
    return { set: labelledImages(cut, imageSize, classNames), files }
  }
  return { train: part('train'), validation: part('validation'), test: part('test') }
}

/** The data set of what is in the folders. `memo` is told the hashes of files, for whoever looks at them again. */
async function readFolders(
  settings: ImageFolderSettings,
  around: Surroundings,
  nowMs: number,
  memo: HashMemo,
): Promise<Dataset> {
  const { folders, imageSize, signal } = settings
  const source = folders.join(', ')
  const { classNames, files } = await listFolderFiles(folders, settings.classes)
  checkClassNames(classNames, source)
  const stamps: Stamp[] = []
  const read = (path: string, index: number) => () =>
    readPicture(path, (found) => {
      stamps[index] = stampOf(found)
    })
  const decoded = await decodeCached(
    files.map(({ path, name }, index) => ({ name, read: read(path, index) })),
    { imageSize, signal, onProgress: settings.onProgress ?? countPrinter('Decoding pictures', process.stderr) },
    await pixelCacheOf(settings, around),
    nowMs,
  )
  const { broken, cacheProblem } = decoded
  for (const [at, index] of decoded.indices.entries()) {
    const [file, stamp, key] = [files[index], stamps[index], decoded.keys[at]]
    if (file && stamp && key) memo.keep(file.path, stamp, key, nowMs)
  }
  const placed = place(decoded, files, classNames, settings)
  checkLeft(placed, classNames, files, broken)
  const { train, validation, test } = partsOf(decoded.images, placed, imageSize, classNames)
  const notice = folderNotice({ settings, classNames, left: placed, broken, cacheProblem })
  const contents = contentsOf(classNames, placed)
  // Whoever reads it anew may do so long after the cell that was to be aborted.
  const { signal: _signal, ...rest } = settings
  const again = { ...rest, onProgress: () => undefined }
  const reload = (): Promise<Dataset> => readFolders(again, around, Date.now(), memo)
  return {
    train: train.set,
    validation: validation.set,
    test: test.set,
    task: { name: settings.name, classNames, metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 } },
    preprocessing: preprocessingOf(imageSize),
    source,
    ...(notice ? { notice } : {}),
    files: { train: train.files, validation: validation.files, test: test.files, broken },
    folder: createFolderSource({ settings, around, memo, contents, reload }),
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
  const dataset = await readFolders(settings, around, Date.now(), createHashMemo())
  if (dataset.notice) log(dataset.notice)
  return dataset
}
