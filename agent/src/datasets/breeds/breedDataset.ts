import { MAX_IMAGE_BYTES, TEST_ACCURACY } from '@pawprint/protocol'
import type { Found } from '../archives/obtain.ts'
import type { Part, Place } from '../archives/parts.ts'
import type { BrokenImage, Crop } from '../pixels/decode.ts'
import { countPrinter } from '../progress.ts'
import type { Dataset } from '../types.ts'
import { type BreedOptions, breedSet, type ListedPhotograph } from './breeds.ts'
import { type Photographs, readPhotographs } from './photographs.ts'

/** What of a set of breeds has been found and read, and what it should be. */
export interface BreedSource {
  readonly title: string
  readonly taskName: string
  /** Images that the official lists have. */
  readonly official: { readonly train: number; readonly test: number }
  readonly found: Found
  readonly images: { readonly place: Place; readonly part: Part }
  /** All that the lists have. */
  readonly listed: readonly ListedPhotograph[]
  /** Those that the set is to be made of. */
  readonly wanted: readonly ListedPhotograph[]
  /** Boxes by name; null for whole photographs. */
  readonly boxes: ReadonlyMap<string, Crop> | null
}

/** Names that a notice repeats, of many. */
const NAMED = 3

const counted = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`

const some = (names: readonly string[]): string =>
  `${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ' …' : ''}`

interface Losses {
  readonly missing: readonly string[]
  readonly broken: readonly BrokenImage[]
  readonly boxless: number
}

/** Both in the order of the lists, not of an archive. */
function lossesOf(listed: readonly ListedPhotograph[], { files, broken }: Photographs): Omit<Losses, 'boxless'> {
  const done = new Set(files.map(({ name }) => name))
  const brokenOf = new Map(broken.map((one) => [one.name, one]))
  const lost = listed.map(({ name }) => name).filter((name) => !done.has(name))
  return {
    missing: lost.filter((name) => !brokenOf.has(name)),
    broken: lost.flatMap((name) => brokenOf.get(name) ?? []),
  }
}

/** What a person should know about the images, in one line; empty when there is nothing. */
function noticeOf(
  { title, official, found, listed, boxes }: BreedSource,
  { missing, broken, boxless }: Losses,
  testFraction: number | null,
): string {
  const test = listed.filter(({ isTest }) => isTest).length
  const train = listed.length - test
  const isOfficial = train === official.train && test === official.test
  const numbers = (a: number, b: number): string =>
    `${a.toLocaleString('en')} training and ${b.toLocaleString('en')} test images`
  const reasons = broken.map(({ name, reason }) => `${name}: ${reason}`)
  return [
    isOfficial
      ? ''
      : `${found.path} lists ${numbers(train, test)}; the official ${title} has ${numbers(official.train, official.test)}.`,
    missing.length === 0 ? '' : `${counted(missing.length, 'listed image')} not there (${some(missing)}).`,
    broken.length === 0 ? '' : `${counted(broken.length, 'image')} not readable (${some(reasons)}).`,
    boxes === null || boxless === 0 ? '' : `${counted(boxless, 'image')} left out, for want of a box.`,
    testFraction === null ? '' : `Of the images with a box, ${testFraction * 100} % are for testing.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

/**
 * Reads the wanted photographs and makes the data set; what is missing or broken is counted in its notice. Throws DatasetError
 * `E_FORMAT` and `E_OPTION` as readPhotographs and breedSet do, and the signal's reason.
 */
export async function breedDataset(
  source: BreedSource,
  options: BreedOptions,
  signal: AbortSignal | undefined,
): Promise<Dataset> {
  const { title, taskName, found, images, wanted, boxes } = source
  const framed = boxes === null ? wanted : wanted.filter(({ name }) => boxes.has(name))
  const wishes = framed.map(({ name }) => {
    const crop = boxes?.get(name)
    return { name, ...(crop ? { crop } : {}) }
  })
  const print = countPrinter(`Reading ${title}`, process.stderr)
  const { imageSize } = options
  const how = { imageSize, maxBytes: MAX_IMAGE_BYTES, onDone: (done: number) => print(done, wishes.length), signal }
  const photographs = await readPhotographs(images.place, images.part, wishes, how)
  const { classNames, ...sets } = breedSet(framed, photographs, options, found.path)
  const losses = { ...lossesOf(framed, photographs), boxless: wanted.length - framed.length }
  const notice = noticeOf(source, losses, options.testFraction)
  return {
    ...sets,
    task: { name: taskName, classNames, metric: TEST_ACCURACY },
    source: found.source,
    ...(notice === '' ? {} : { notice }),
  }
}
