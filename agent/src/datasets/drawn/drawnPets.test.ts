import { expect, test } from 'vitest'
import { DRAWN_BREEDS } from '../breeds/petBreeds.ts'
import type { Dataset, LabelledImages } from '../types.ts'
import { drawnPets } from './drawnPets.ts'
import { EARS, ellipse, MARKINGS, mirrored, stroke } from './petShapes.ts'

const countsOf = ({ labels }: LabelledImages, classCount: number): number[] =>
  Array.from({ length: classCount }, (_, label) => labels.filter((other) => other === label).length)

test('the pictures are the same bytes on every machine', async () => {
  const { train, validation, test } = await drawnPets({ imageSize: 16 })
  expect([train, validation, test].map(({ fingerprint }) => fingerprint)).toEqual([
    'f4fd788d91f012c7781a2f14a37c8b6da8116abf81208f2cdcdbb8c0d99ec08a',
    '8fbbc297fdb1653cfc6ff924febccac3295c34d83e707bc3e306aa112191ce15',
    '72afce34067fc43504d9c17e4f7206e6c6aa9a7468dcedf9dee88fc4af196c4a',
  ])
})

test('twelve breeds under names of their own task, as many pictures of each', async () => {
  const { train, validation, test, task, notice } = await drawnPets({ imageSize: 8 })
  expect(task).toMatchObject({ name: 'drawn-pets', classNames: expect.arrayContaining(['Russian Blue', 'Shiba Inu']) })
  expect(countsOf(train, 12)).toEqual(Array(12).fill(144))
  expect(countsOf(validation, 12)).toEqual(Array(12).fill(16))
  expect(countsOf(test, 12)).toEqual(Array(12).fill(40))
  expect(notice).toBeUndefined()
})

/** The pictures of one breed, as text. */
function picturesOf({ test, task }: Dataset, name: string): string[] {
  const sizeBytes = test.width * test.width * 3
  const label = task.classNames.indexOf(name)
  return [...test.labels.keys()]
    .filter((index) => test.labels[index] === label)
    .map((index) => Buffer.from(test.images.subarray(index * sizeBytes, (index + 1) * sizeBytes)).toString('base64'))
}

test('a breed looks the same among all pets as among its own species, and no picture occurs twice', async () => {
  const [all, cats, dogs] = [
    await drawnPets({ imageSize: 8 }),
    await drawnPets({ imageSize: 8, species: 'cat' }),
    await drawnPets({ imageSize: 8, species: 'dog' }),
  ]
  expect(cats.task).toMatchObject({ name: 'drawn-cats', classNames: expect.not.arrayContaining(['Pug']) })
  expect(picturesOf(cats, 'Siamese')).toEqual(picturesOf(all, 'Siamese'))
  expect(picturesOf(dogs, 'Pug')).toEqual(picturesOf(all, 'Pug'))
  expect(new Set(all.task.classNames.flatMap((name) => picturesOf(all, name))).size).toBe(480)
})

test('the seed moves pictures between training and validation, and never changes the test set', async () => {
  const draw = (seed: number): Promise<Dataset> => drawnPets({ imageSize: 8, species: 'dog', seed })
  const [one, two] = [await draw(1), await draw(2)]
  expect(one.train.fingerprint).not.toBe(two.train.fingerprint)
  expect(one.test.fingerprint).toBe(two.test.fingerprint)
})

test('cropped heads fill the picture, and say that they are cropped', async () => {
  const [whole, cropped] = [
    await drawnPets({ imageSize: 16, species: 'dog' }),
    await drawnPets({ imageSize: 16, species: 'dog', input: 'cropped' }),
  ]
  expect(cropped.preprocessing).toEqual({ imageSize: 16, fit: 'fill', kernel: 'lanczos3', input: 'cropped' })
  expect(whole.preprocessing.input).toBeUndefined()
  // Samoyeds are white: more of the picture is.
  expect(whitePixels(cropped)).toBeGreaterThan(1.3 * whitePixels(whole))
})

function whitePixels(dataset: Dataset): number {
  const bytes = Buffer.concat(picturesOf(dataset, 'Samoyed').map((picture) => Buffer.from(picture, 'base64')))
  return Array.from({ length: bytes.length / 3 }, (_, at) => bytes.subarray(at * 3, at * 3 + 3)).filter((pixel) =>
    pixel.every((value) => value > 205),
  ).length
}

test('breeds are told apart by more than their place: no two look alike in every way', () => {
  const looks = DRAWN_BREEDS.map(({ species, ears, coat, marking }) => JSON.stringify([species, ears, coat, marking]))
  expect(new Set(looks).size).toBe(12)
  expect(DRAWN_BREEDS.filter(({ species }) => species === 'cat')).toHaveLength(6)
})

const shapes = [
  ...Object.values(EARS).flatMap(({ outer, inner }) => (inner ? [outer, inner] : [outer])),
  ...Object.values(MARKINGS).flat(),
  ellipse(0.3, -0.2, 0.4, 0.1),
  mirrored(stroke(0.1, 0.2, 0.5, 0.6, 0.05)),
]

test('nothing of a shape lies beyond its reach, and something within', () => {
  for (const { x, y, reach, outline } of shapes) {
    const points = Array.from(
      { length: 161 * 161 },
      (_, at) => [((at % 161) - 80) / 40, (Math.floor(at / 161) - 80) / 40] as const,
    )
    const inside = points.filter(([px, py]) => outline(px, py) <= 0)
    const farthest = Math.max(...inside.map(([px, py]) => Math.hypot(px - x, py - y)))
    expect(farthest).toBeGreaterThanOrEqual(0)
    expect(farthest).toBeLessThanOrEqual(reach + 1e-9)
  }
})
