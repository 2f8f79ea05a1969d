// Small sets of pets for the tests of this folder, made by hand in the official layouts. Not part of the package's exports.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { LabelledImages } from '../types.ts'
import { makeTar } from './testData.ts'
import { makeMat } from './testMat.ts'
import { raw } from './testPictures.ts'

/** Side of the made-up photographs in pixels. */
export const SIDE = 12

export type Rgb = readonly [red: number, green: number, blue: number]

/** A photograph in one colour with a square of another: pixels 4 to 7 across and down, which box(5, 5, 8, 8) surrounds. */
export function photograph(ground: Rgb, square: Rgb = ground): Promise<Buffer> {
  const pixels = Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)]
    return x >= 4 && x < 8 && y >= 4 && y < 8 ? square : ground
  })
  return raw(pixels.flat(), SIDE, SIDE).png().toBuffer()
}

/** The colour that tells one photograph from all others: by breed, number and what is seen of it. */
export const colourOf = (breed: number, number: number, isSquare = false): Rgb => [
  breed * 6,
  number * 10,
  isSquare ? 200 : 50,
]

/** What the middle pixel of each image says about it, as colourOf wrote it, beside its label: `[breed, number, label, blue]`. */
export function factsOf({ images, labels, width }: LabelledImages): number[][] {
  const sizeBytes = width * width * 3
  const middle = (width / 2) * width * 3 + (width / 2) * 3
  return [...labels].map((label, index) => {
    const [red = 0, green = 0, blue = 0] = images.subarray(index * sizeBytes + middle)
    return [red / 6, green / 10, label, blue]
  })
}

export const box = (xmin: number, ymin: number, xmax: number, ymax: number): string =>
  `<object><name>cat</name><bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`

export const annotation = (...boxes: string[]): Buffer =>
  Buffer.from(`<annotation><size><width>${SIDE}</width><height>${SIDE}</height></size>${boxes.join('')}</annotation>\n`)

/** Files by their paths inside an archive. */
export type Files = Readonly<Record<string, Uint8Array | null>>

/** A tar of the files, those with null left out, a folder's entry first. */
const tarOf = (files: Files): Buffer => {
  const entries = Object.entries(files).flatMap(([name, bytes]) => (bytes ? [{ name, bytes }] : []))
  return makeTar([{ name: 'folder/', type: '5' }, ...entries])
}

export interface MadePets {
  readonly images: Files
  readonly annotations: Files
}

const BREEDS = [
  { breed: 'Abyssinian', classId: 1, species: 1 },
  { breed: 'american_bulldog', classId: 2, species: 2 },
  { breed: 'Bengal', classId: 6, species: 1 },
] as const

/** Numbers of the photographs of each breed: 1 to 5 are for training, 6 and 7 for testing. */
const [TRAIN_NUMBERS, TEST_NUMBERS] = [
  [1, 2, 3, 4, 5],
  [6, 7],
]

/** Three breeds of Oxford-IIIT Pet. Its photographs are PNG by another name, and out of order. */
export async function makePets(): Promise<MadePets> {
  const images: Record<string, Uint8Array> = { 'images/._Abyssinian_1.mat': Buffer.from('Mac OS X') }
  const annotations: Record<string, Uint8Array> = {}
  const lines = (numbers: readonly number[]): Buffer =>
    Buffer.from(
      BREEDS.flatMap(({ breed, classId, species }) =>
        numbers.map((n) => `${breed}_${n} ${classId} ${species} 1\n`),
      ).join(''),
    )
  annotations['annotations/trainval.txt'] = lines(TRAIN_NUMBERS)
  annotations['annotations/test.txt'] = lines(TEST_NUMBERS)
  for (const number of [4, 7, 1, 3, 6, 2, 5]) {
    for (const { breed, classId } of BREEDS) {
      const name = `${breed}_${number}`
      images[`images/${name}.jpg`] = await photograph(colourOf(classId, number), colourOf(classId, number, true))
      if (number <= 5) annotations[`annotations/xmls/${name}.xml`] = annotation(box(5, 5, 8, 8))
    }
  }
  return { images, annotations }
}

/** The two archives of Oxford-IIIT Pet. */
export const petArchives = ({ images, annotations }: MadePets): Record<string, Buffer> => ({
  'images.tar.gz': gzipSync(tarOf(images)),
  'annotations.tar.gz': gzipSync(tarOf(annotations)),
})

const DOGS = ['n02085620-Chihuahua', 'n02085782-Japanese_spaniel', 'n02116738-African_hunting_dog'] as const

export interface MadeDogs {
  readonly images: Files
  readonly lists: Files
  readonly annotations: Files
}

/** Three breeds of Stanford Dogs, four photographs to train and two to test with of each. */
export async function makeDogs(): Promise<MadeDogs> {
  const images: Record<string, Uint8Array> = {}
  const annotations: Record<string, Uint8Array> = {}
  const nameOf = (folder: string, number: number): string => `${folder}/${folder.slice(0, 9)}_${number}`
  for (const number of [5, 2, 6, 1, 3, 4]) {
    for (const [index, folder] of DOGS.entries()) {
      const name = nameOf(folder, number)
      images[`Images/${name}.jpg`] = await photograph(colourOf(index, number), colourOf(index, number, true))
      // The largest of the boxes is that of the square.
      annotations[`Annotation/${name}`] = annotation(box(1, 1, 2, 2), box(5, 5, 8, 8))
    }
  }
  const list = (numbers: readonly number[]): Buffer =>
    makeMat(
      DOGS.flatMap((folder) => numbers.map((number) => `${nameOf(folder, number)}.jpg`)),
      { isCompressed: true },
    )
  return {
    images,
    annotations,
    lists: {
      'file_list.mat': list([1, 2, 3, 4, 5, 6]),
      'train_list.mat': list([1, 2, 3, 4]),
      'test_list.mat': list([5, 6]),
    },
  }
}

/** The three archives of Stanford Dogs, not compressed. */
export const dogArchives = ({ images, lists, annotations }: MadeDogs): Record<string, Buffer> => ({
  'images.tar': tarOf(images),
  'lists.tar': tarOf(lists),
  'annotation.tar': tarOf(annotations),
})

/** Writes files, those with null left out, below a folder. */
export async function putFiles(folder: string, files: Files): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) {
    if (bytes === null) continue
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), bytes)
  }
}
