import { DatasetError } from '../errors.ts'
import { arrange, labelledImages, pixelBytes, preprocessingOf } from '../images.ts'
import { stratifiedSplit } from '../split.ts'
import type { DatasetFiles, DatasetOptions, ImageFile, LabelledImages, PetInput, Preprocessing } from '../types.ts'
import { breedName } from './petLists.ts'
import type { Photographs } from './photographs.ts'

/** A listed photograph and what the lists say about it. */
export interface ListedPhotograph {
  /** File name, as in Photographs. */
  readonly name: string
  /** As the set writes it, "american_bulldog". */
  readonly breed: string
  /** Breeds are in this order. */
  readonly rank: string | number
  readonly isTest: boolean
}

export interface BreedOptions extends Required<DatasetOptions> {
  readonly input: PetInput
  /** Fraction held out for testing by lot, the same in every run; null: what the lists say. */
  readonly testFraction: number | null
}

// Not the seed of the options: the test set is the same for all of them.
const TEST_SEED = 0

const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

/** The breeds of which there is a photograph, in their order. */
function breedsOf(listed: readonly ListedPhotograph[]): string[] {
  const ranks = new Map(listed.map(({ breed, rank }) => [breed, rank]))
  return [...ranks].sort((a, b) => compare(a[1], b[1])).map(([breed]) => breed)
}

interface Parts {
  readonly train: readonly number[]
  readonly validation: readonly number[]
  readonly test: readonly number[]
}

/** Numbers of the photographs of each part, ascending. */
function splitOf(
  listed: readonly ListedPhotograph[],
  labels: Uint8Array,
  classCount: number,
  { validationSplit, seed, testFraction }: BreedOptions,
): Parts {
  const all = [...listed.keys()]
  const isTest = (index: number): boolean => listed[index]?.isTest === true
  const drawn = testFraction === null ? null : stratifiedSplit(labels, classCount, testFraction, TEST_SEED)
  const test = drawn?.validation ?? all.filter(isTest)
  const rest = drawn?.train ?? all.filter((index) => !isTest(index))
  const restLabels = Uint8Array.from(rest, (index) => labels[index] as number)
  const split = stratifiedSplit(restLabels, classCount, validationSplit, seed)
  const pick = (places: readonly number[]): number[] => places.map((place) => rest[place] as number)
  return { train: pick(split.train), validation: pick(split.validation), test }
}

interface LaidOut {
  readonly train: LabelledImages
  readonly validation: LabelledImages
  readonly test: LabelledImages
}

/** Lays the parts one behind the other in the one memory; `placeOf` says where each photograph is now. */
function layOut(
  parts: Parts,
  placeOf: (index: number) => number,
  labels: Uint8Array,
  pixels: Uint8Array,
  classNames: readonly string[],
  { imageSize, input }: BreedOptions,
): LaidOut {
  const sizeBytes = pixelBytes(imageSize)
  arrange(pixels, sizeBytes, [...parts.train, ...parts.validation, ...parts.test].map(placeOf))
  let end = 0
  const take = (indices: readonly number[]): LabelledImages => {
    const images = pixels.subarray(end * sizeBytes, (end + indices.length) * sizeBytes)
    end += indices.length
    const shared = new Uint8Array(new SharedArrayBuffer(indices.length))
    shared.set(indices.map((index) => labels[index] as number))
    return labelledImages({ images, labels: shared }, imageSize, classNames, input)
  }
  return { train: take(parts.train), validation: take(parts.validation), test: take(parts.test) }
}

export interface BreedSet extends LaidOut {
  readonly classNames: readonly string[]
  readonly preprocessing: Preprocessing
  readonly files: DatasetFiles
}

/**
 * Makes a data set of the photographs that could be read: its classes are the breeds among them. Their memory is used, and put in
 * order. `at` names the set in errors. Throws DatasetError `E_FORMAT` with fewer than two breeds, or nothing to train on or to
 * test with.
 */
export function breedSet(
  listed: readonly ListedPhotograph[],
  { pixels, files, broken }: Photographs,
  options: BreedOptions,
  at: string,
): BreedSet {
  const placeOf = new Map(files.map(({ name }, place) => [name, place]))
  const there = listed.filter(({ name }) => placeOf.has(name))
  const breeds = breedsOf(there)
  if (breeds.length < 2) throw new DatasetError('E_FORMAT', at, 'photographs of two breeds or more', `${breeds.length}`)
  const labelOf = new Map(breeds.map((breed, label) => [breed, label]))
  const labels = Uint8Array.from(there, ({ breed }) => labelOf.get(breed) as number)
  const parts = splitOf(there, labels, breeds.length, options)
  for (const part of ['train', 'test'] as const) {
    if (parts[part].length === 0) throw new DatasetError('E_FORMAT', at, `photographs to ${part} with`, 'none')
  }
  const classNames = breeds.map(breedName)
  const placeNow = (index: number): number => placeOf.get(there[index]?.name as string) as number
  const sets = layOut(parts, placeNow, labels, pixels, classNames, options)
  const filesOf = (part: readonly number[]): ImageFile[] => part.map((index) => files[placeNow(index)] as ImageFile)
  return {
    ...sets,
    classNames,
    preprocessing: preprocessingOf(options.imageSize, options.input),
    files: {
      train: filesOf(parts.train),
      validation: filesOf(parts.validation),
      test: filesOf(parts.test),
      broken,
    },
  }
}
