import { expect, test } from 'vitest'
import type { LabelledImages } from '../types.ts'
import { outlines } from './shapeOutlines.ts'
import { shapes } from './shapes.ts'

const countsOf = (labels: Iterable<number>): number[] => {
  const counts = Array<number>(10).fill(0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  return counts
}

test('the pictures are the same bytes on every machine', async () => {
  const { train, validation, test } = await shapes()
  expect([train, validation, test].map(({ fingerprint }) => fingerprint)).toEqual([
    '44df1fcf8f31094df12cd21788781ffbcf093a27c5cbab57ad73a0ff9f773d94',
    'd5e1747f66428b7790ae561f4d1b9788352f4d7321af51ea30497aec0c8b24d7',
    '1e61c09e1612cf7762bf7c99249d127107f01ed624a881f447253ac136b3df89',
  ])
})

test('ten classes under their own names and task, as many pictures of each', async () => {
  const { train, validation, test, task, notice } = await shapes({ imageSize: 8 })
  expect(task).toEqual({
    name: 'shapes',
    classNames: ['arrow', 'bolt', 'circle', 'crescent', 'cross', 'heart', 'ring', 'square', 'star', 'triangle'],
    metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
  })
  expect(countsOf(train.labels)).toEqual(Array(10).fill(450))
  expect(countsOf(validation.labels)).toEqual(Array(10).fill(50))
  expect(countsOf(test.labels)).toEqual(Array(10).fill(100))
  expect(train.images).toHaveLength(4500 * 8 * 8 * 3)
  expect(notice).toBeUndefined()
})

test('the seed moves pictures between training and validation, and never changes the test set', async () => {
  const [one, two] = [await shapes({ imageSize: 8, seed: 1 }), await shapes({ imageSize: 8, seed: 2 })]
  expect(one.train.fingerprint).not.toBe(two.train.fingerprint)
  expect(one.test.fingerprint).toBe(two.test.fingerprint)
})

test('no picture occurs twice', async () => {
  const { train, validation, test } = await shapes({ imageSize: 8 })
  const bytes = 8 * 8 * 3
  const pictures = [train, validation, test].flatMap(({ images }) =>
    Array.from({ length: images.length / bytes }, (_, at) =>
      Buffer.from(images.subarray(at * bytes, (at + 1) * bytes)).toString('base64'),
    ),
  )
  expect(new Set(pictures).size).toBe(6000)
})

/** Accuracy of the plainest guess: the class whose mean is nearest, over the features of each picture. */
function nearestMeanAccuracy(train: LabelledImages, test: LabelledImages, features: (at: number) => number): number {
  const width = features(3071) + 1
  const featuresOf = ({ images }: LabelledImages, index: number): Float64Array => {
    const sums = new Float64Array(width)
    for (let at = 0; at < 3072; at++)
      sums[features(at)] = (sums[features(at)] as number) + (images[index * 3072 + at] as number)
    return sums
  }
  const means = Array.from({ length: 10 }, () => new Float64Array(width))
  for (const [index, label] of train.labels.entries())
    featuresOf(train, index).forEach((value, at, _, mean = means[label] as Float64Array) => {
      mean[at] = (mean[at] as number) + value / (train.labels.length / 10)
    })
  let right = 0
  for (const [index, label] of test.labels.entries()) {
    const seen = featuresOf(test, index)
    const distances = means.map((mean) => mean.reduce((sum, value, at) => sum + (value - (seen[at] as number)) ** 2, 0))
    if (distances.indexOf(Math.min(...distances)) === label) right++
  }
  return right / test.labels.length
}

test('guessing fails: neither average colours nor average pictures give the class away', async () => {
  const { train, test } = await shapes({ validationSplit: 0 })
  expect(nearestMeanAccuracy(train, test, (at) => at % 3)).toBeLessThan(0.25)
  expect(nearestMeanAccuracy(train, test, (at) => at)).toBeLessThan(0.35)
})

/** Distances measured the slow way: to the nearest of many points where a fine grid changes side. */
function measured(distance: (x: number, y: number) => number): { points: [number, number][] } {
  const points: [number, number][] = []
  const step = 0.01
  for (let row = -130; row < 130; row++)
    for (let column = -130; column < 130; column++) {
      const [x, y] = [column * step, row * step]
      const isInside = distance(x, y) < 0
      if (isInside !== distance(x + step, y) < 0) points.push([x + step / 2, y])
      if (isInside !== distance(x, y + step) < 0) points.push([x, y + step / 2])
    }
  return { points }
}

test.each(Object.entries(outlines))(
  '%s fits the unit circle, and its distances are true near the edge',
  (_, distance) => {
    const { points } = measured(distance)
    for (const [x, y] of points) expect(Math.hypot(x, y)).toBeLessThan(1.08)
    for (const [x, y] of [
      [0.31, 0.17],
      [-0.42, 0.63],
      [0.05, -0.77],
      [0.9, 0.9],
      [-0.66, -0.2],
      [0.02, 0.01],
    ] as const) {
      const nearest = Math.min(...points.map(([px, py]) => Math.hypot(px - x, py - y)))
      // Where two shapes are joined, the distance inside may fall short; the edge itself, which is drawn, is exact.
      expect(Math.abs(distance(x, y))).toBeLessThanOrEqual(nearest + 0.011)
      if (Math.abs(distance(x, y)) < 0.1) expect(nearest).toBeLessThan(0.2)
    }
  },
)
