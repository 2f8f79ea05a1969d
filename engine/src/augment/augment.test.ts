import { describe, expect, test } from 'vitest'
import { someBytes } from '../testing/numbers.ts'
import type { Augmentation } from '../types.ts'
import { blur, kernelOf } from './blur.ts'
import {
  compose,
  flipOf,
  fromUnitSquare,
  IDENTITY,
  type Matrix,
  perspectiveOf,
  rotationOf,
  shiftOf,
  zoomOf,
} from './geometry.ts'
import { createAugment, requireAugmentations } from './index.ts'
import { warp } from './warp.ts'

const SIZE = { height: 5, width: 5, channels: 3 }
const IMAGE = someBytes(75, 1)

const pixel = (image: Uint8Array, row: number, column: number): number[] => [
  ...image.subarray((row * 5 + column) * 3, (row * 5 + column + 1) * 3),
]
function warped(matrix: Matrix): Uint8Array {
  const target = new Uint8Array(IMAGE.length)
  warp(IMAGE, target, SIZE, matrix)
  return target
}
/** Every pixel of the result is the one of the source at `from`. */
const expectFrom = (image: Uint8Array, from: (row: number, column: number) => [number, number]): void => {
  for (let row = 0; row < 5; row++)
    for (let column = 0; column < 5; column++)
      expect(pixel(image, row, column)).toEqual(pixel(IMAGE, ...from(row, column)))
}
const edge = (i: number): number => Math.min(4, Math.max(0, i))

describe('an image is seen through', () => {
  test('nothing', () => expectFrom(warped(IDENTITY), (i, j) => [i, j]))
  test('a mirror', () => expectFrom(warped(flipOf(5, 5, 'horizontal')), (i, j) => [i, 4 - j]))
  test('a lake', () => expectFrom(warped(flipOf(5, 5, 'vertical')), (i, j) => [4 - i, j]))
  test('a shifted frame, with its edge drawn out', () => {
    expectFrom(warped(shiftOf(2, -1)), (i, j) => [edge(i + 2), edge(j - 1)])
  })
  test('quarter turns, counter-clockwise', () => {
    expectFrom(warped(rotationOf(5, 5, Math.PI / 2)), (i, j) => [j, 4 - i])
    expectFrom(warped(rotationOf(5, 5, Math.PI)), (i, j) => [4 - i, 4 - j])
  })
  test('a lens: the middle stays, and its neighbours are half as far', () => {
    const image = warped(zoomOf(5, 5, 2))
    expect(pixel(image, 2, 2)).toEqual(pixel(IMAGE, 2, 2))
    expect(pixel(image, 2, 4)).toEqual(pixel(IMAGE, 2, 3))
    expect(pixel(image, 0, 0)).toEqual(pixel(IMAGE, 1, 1))
    const between = pixel(image, 2, 3).map(
      (value, k) => value - Math.round(((pixel(IMAGE, 2, 2)[k] ?? 0) + (pixel(IMAGE, 2, 3)[k] ?? 0)) / 2),
    )
    expect(Math.max(...between.map(Math.abs))).toBeLessThanOrEqual(1)
  })
  test('two of them in turn', () => {
    const both = compose(flipOf(5, 5, 'horizontal'), shiftOf(0, 1))
    expectFrom(warped(both), (i, j) => [i, edge(4 - (j + 1))])
  })
  test.each([1, 2, 4])('a shifted mirror that keeps %i channels together, on images of unequal sides', (channels) => {
    const [height, width] = [3, 6]
    // Each byte says where it stands.
    const image = Uint8Array.from({ length: height * width * channels }, (_, i) => i)
    const target = new Uint8Array(image.length)
    warp(image, target, { height, width, channels }, compose(flipOf(height, width, 'horizontal'), shiftOf(-1, 2)))
    const expected = [0, 0, 1].flatMap((row) => [3, 2, 1, 0, 0, 0].map((column) => row * width + column))
    expect([...target]).toEqual(
      expected.flatMap((pixel) => Array.from({ length: channels }, (_, k) => pixel * channels + k)),
    )
  })
})

test('a perspective shows what lies between its four corners', () => {
  const corners = [
    [1, 2],
    [8, 1],
    [9, 9],
    [0, 7],
  ] as const
  const [a, b, c, d, e, f, g, h, one] = fromUnitSquare(corners)
  const mapped = (
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const
  ).map(([x, y]) => {
    const scale = g * x + h * y + one
    return [(a * x + b * y + c) / scale, (d * x + e * y + f) / scale]
  })
  mapped.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(corners.flat()[i] ?? 0, 12)
  })
  const flat = perspectiveOf(5, 5, 0, new Array(8).fill(0.5))
  flat.forEach((value, i) => {
    expect(value).toBeCloseTo(IDENTITY[i] ?? 0, 12)
  })
})

test('a blur spreads a dot by the normal distribution and keeps what is even', () => {
  const size = { height: 9, width: 9, channels: 1 }
  const dot = new Uint8Array(81)
  dot[40] = 255
  blur(dot, size, 0.8)
  const weights = kernelOf(0.8)
  expect(dot[40]).toBeCloseTo(255 * (weights[0] ?? 0) ** 2, -1)
  expect(dot[41]).toBe(dot[31])
  expect(dot[41] ?? 0).toBeGreaterThan(dot[42] ?? 0)
  const even = new Uint8Array(81).fill(77)
  blur(even, size, 2)
  expect(new Set(even)).toEqual(new Set([77]))
})

function augmented(augmentations: readonly Augmentation[], seed: number, epoch: number, row: number): Uint8Array {
  const target = new Uint8Array(IMAGE.length)
  createAugment(augmentations, SIZE, seed)?.(IMAGE, target, { epoch, row })
  return target
}

const ALL: readonly Augmentation[] = [
  { type: 'flip' },
  { type: 'crop', shift: 0.2, zoom: 0.1 },
  { type: 'rotation' },
  { type: 'perspective' },
  { type: 'tone' },
  { type: 'blur' },
  { type: 'cutout' },
]

test('what is done is a function of seed, epoch and sample', () => {
  expect(augmented(ALL, 1, 2, 3)).toEqual(augmented(ALL, 1, 2, 3))
  for (const [seed, epoch, row] of [
    [2, 2, 3],
    [1, 3, 3],
    [1, 2, 4],
  ] as const)
    expect(augmented(ALL, seed, epoch, row)).not.toEqual(augmented(ALL, 1, 2, 3))
})

test.each([0, 0.3, 1])('a flip of probability %d is done so often', (probability) => {
  const count = 2000
  let flipped = 0
  for (let row = 0; row < count; row++)
    if (augmented([{ type: 'flip', probability }], 1, 0, row)[0] !== IMAGE[0]) flipped++
  // Five standard deviations.
  expect(Math.abs(flipped / count - probability)).toBeLessThanOrEqual(
    5 * Math.sqrt((probability * (1 - probability)) / count),
  )
})

test('tones move around mid-grey and stay bytes', () => {
  const bright = augmented([{ type: 'tone', brightness: 1, contrast: 0, probability: 1 }], 1, 0, 1)
  const shifts = new Set(
    Array.from(bright, (value, i) => (value === 0 || value === 255 ? 'clipped' : value - (IMAGE[i] ?? 0))),
  )
  shifts.delete('clipped')
  expect(shifts.size).toBe(1)
})

test('a cut-out square is grey, and nothing else changes', () => {
  const cut = augmented([{ type: 'cutout', size: 0.4, probability: 1 }], 1, 0, 5)
  const changed = Array.from(cut, (value, i) => (value === IMAGE[i] ? null : value)).filter((value) => value !== null)
  expect(new Set(changed)).toEqual(new Set([128]))
  expect(changed.length).toBeLessThanOrEqual(2 * 2 * 3)
})

test.each<[unknown, RegExp]>([
  [{ type: 'rotation', degrees: 181 }, /augment\[0\].degrees: expected a number 0 ≤ x ≤ 180, got 181/],
  [{ type: 'flip', probability: 1.5 }, /augment\[0\].probability: expected a number 0 ≤ x ≤ 1, got 1.5/],
  [{ type: 'flip', axis: 'diagonal' }, /augment\[0\].axis: expected horizontal or vertical/],
  [{ type: 'mosaic' }, /augment\[0\].type: expected one of flip, crop, .*got mosaic/],
  [{ type: 'blur', size: 1 }, /augment\[0\].size: expected one of probability, sigma, got size/],
])('refuses %j', (augmentation, message) => {
  const given: Augmentation[] = JSON.parse(JSON.stringify([augmentation]))
  expect(() => requireAugmentations(given)).toThrow(message)
})
