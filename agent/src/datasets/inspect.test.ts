import { expect, test } from 'vitest'
import { shapes } from './drawn/shapes.ts'
import { DatasetError } from './errors.ts'
import { expectBalance, expectEveryClass, expectNoLeaks, expectOneClassEach } from './expectations.ts'
import { type Inspection, inspect } from './inspect.ts'
import { inspectText } from './inspectText.ts'
import { plainDataset } from './testing/testDataset.ts'

const data = plainDataset(['ant', 'bee'], {
  train: [
    [0, 0, 51, 255],
    [0, 1],
    [1, 255, 51, 0],
    [1, 1],
    [0, 0, 51, 255],
  ],
  validation: [[0, 7]],
  test: [
    [1, 7],
    [1, 8],
  ],
})

const image = (side: string, index: number, className: string) => ({ side, index, className, name: `${side}/${index}` })

test('an inspection tells what was put in', async () => {
  // Red of the training images: 0, 1, 255, 1, 0; green 51, 1, 51, 1, 51; blue 255, 1, 0, 1, 255.
  const red = Math.sqrt((2 * 51.4 ** 2 + 2 * 50.4 ** 2 + 203.6 ** 2) / 5) / 255
  const green = Math.sqrt((3 * 20 ** 2 + 2 * 30 ** 2) / 5) / 255
  const blue = Math.sqrt((2 * 152.6 ** 2 + 2 * 101.4 ** 2 + 102.4 ** 2) / 5) / 255
  const close = (value: number) => expect.closeTo(value, 12)
  expect(await inspect(data)).toEqual({
    task: 'plain',
    classNames: ['ant', 'bee'],
    imageSize: 8,
    counts: {
      train: { all: 5, perClass: [3, 2] },
      validation: { all: 1, perClass: [1, 0] },
      test: { all: 2, perClass: [0, 2] },
    },
    duplicates: [
      [image('train', 0, 'ant'), image('train', 4, 'ant')],
      [image('train', 1, 'ant'), image('train', 3, 'bee')],
      [image('validation', 0, 'ant'), image('test', 0, 'bee')],
    ],
    broken: [{ name: 'x.jpg', reason: 'the file is empty' }],
    pictures: {
      width: { min: 10, median: 10, max: 10 },
      height: { min: 20, median: 20, max: 20 },
      enlarged: 0,
    },
    channels: {
      mean: [51.4 / 255, 31 / 255, 102.4 / 255].map(close),
      std: [red, green, blue].map(close),
    },
  } satisfies Record<keyof Inspection, unknown>)
})

test('it reads as text', async () => {
  expect(inspectText(await inspect(data))).toBe(
    `plain: 2 classes, images of 8 × 8 pixels
  class  train  validation  test
  ant        3           1     0
  bee        2           0     2
  all        5           1     2
Equal images in more than one set: 1
  validation/0 (validation, ant) = test/0 (test, bee)
Equal images of different classes: 2
  train/1 (train, ant) = train/3 (train, bee)
  validation/0 (validation, ant) = test/0 (test, bee)
Other equal images: 1
  train/0 (train, ant) = train/4 (train, ant)
Broken pictures, left out: 1
  x.jpg: the file is empty
Pictures in pixels: width 10 to 10, median 10; height 20 to 20, median 20
Pictures smaller than an image: 0
Red, green, blue from 0 to 1: mean 0.202 0.122 0.402, standard deviation 0.399 0.096 0.489`,
  )
})

test('a set that is not made of files has no sizes; images are known by their place', async () => {
  const { files: _, ...unnamed } = data
  const inspection = await inspect(unnamed)
  expect(inspection).toMatchObject({ pictures: null, broken: [] })
  const text = inspectText(inspection)
  expect(text).toContain('  train image 2 (ant) = train image 4 (bee)')
  expect(text).not.toContain('Pictures in pixels')
})

test('of many examples five are shown', async () => {
  const many = plainDataset(['ant', 'bee'], {
    train: Array.from({ length: 14 }, (_, n) => [0, n >> 1] as const),
  })
  const lines = inspectText(await inspect(many)).split('\n')
  const start = lines.indexOf('Other equal images: 7')
  expect(lines[start + 5]).toBe('  train/8 (train, ant) = train/9 (train, ant)')
  expect(lines[start + 6]).toBe('  and 2 more')
})

test('the built-in set meets all expectations', async () => {
  const inspection = await inspect(await shapes({ imageSize: 8 }))
  expectEveryClass(inspection, { train: 400, validation: 1, test: 100 })
  expectNoLeaks(inspection)
  expectOneClassEach(inspection)
  expectBalance(inspection, 1.3)
})

const refusalOf = (work: () => void): unknown => {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test.each<[string, (inspection: Inspection) => void, string]>([
  ['a class without a test image', expectEveryClass, 'test images of "ant": expected at least 1, got 0. Add pictures'],
  [
    'a small class',
    (i) => expectEveryClass(i, { train: 3, test: 0 }),
    'train images of "bee": expected at least 3, got 2',
  ],
  [
    'no validation image',
    (i) => expectEveryClass(i, { validation: 1 }),
    'validation images of "bee": expected at least 1',
  ],
  [
    'a tested image that was seen before',
    expectNoLeaks,
    'sets: expected no equal images in two of them, got validation/0 (validation, ant) = test/0 (test, bee). Remove',
  ],
  [
    'an image of two classes',
    expectOneClassEach,
    'got 2 groups of them, as train/1 (train, ant) = train/3 (train, bee). Leave',
  ],
  [
    'a class too large',
    (i) => expectBalance(i, 1.4),
    'expected classes of at most 1.4 : 1, got 3 of "ant" and 2 of "bee". Add',
  ],
])('%s is refused with advice', async (_what, expectation, message) => {
  const inspection = await inspect(data)
  const refused = refusalOf(() => expectation(inspection))
  expect(refused).toBeInstanceOf(DatasetError)
  expect(refused).toMatchObject({ code: 'E_EXPECTATION', message: expect.stringContaining(message) })
})

test('a balance is a number from 1; a class without images is in no balance', async () => {
  const inspection = await inspect(data)
  expectBalance(inspection, 1.5)
  for (const ratio of [0, Number.NaN]) expect(() => expectBalance(inspection, ratio)).toThrow('a number from 1')
  const empty = await inspect(plainDataset(['ant', 'bee'], { train: [[0, 1]] }))
  expect(() => expectBalance(empty, 1000)).toThrow('got 1 of "ant" and 0 of "bee"')
})

test('an empty set has no colours', async () => {
  const inspection = await inspect(plainDataset(['ant', 'bee'], { train: [] }))
  expect(inspection.channels).toBeNull()
  expect(() => expectEveryClass(inspection)).toThrow('train images of "ant"')
})
