import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { allocateImages, arrange, labelledImages } from './images.ts'
import { seededRandom, shuffle } from './random.ts'

const CLASSES = ['a', 'b']

function twoImages() {
  const set = allocateImages(2, 8)
  set.images.fill(9, 0, 192)
  set.labels.set([0, 1])
  return set
}

test('the fingerprint is SHA-256 over a line of JSON, the labels and the pixels', () => {
  const head = '{"layout":"pawprint-images-1","shape":[2,8,8,3],"classNames":["a","b"]}\n'
  const body = Buffer.concat([Buffer.from(head), Buffer.from([0, 1]), Buffer.alloc(192, 9), Buffer.alloc(192)])
  const expected = createHash('sha256').update(body).digest('hex')
  expect(labelledImages(twoImages(), 8, CLASSES).fingerprint).toBe(expected)
})

test('another pixel, label, or class name is another fingerprint', () => {
  const pixel = twoImages()
  pixel.images[0] = 8
  const label = twoImages()
  label.labels[0] = 1
  const sets = [twoImages(), pixel, label].map((set) => labelledImages(set, 8, CLASSES).fingerprint)
  const renamed = labelledImages(twoImages(), 8, ['a', 'c']).fingerprint
  expect(new Set([...sets, renamed]).size).toBe(4)
})

test('images lie in shared memory', () => {
  const { images, labels } = labelledImages(twoImages(), 8, CLASSES)
  expect(images.buffer).toBeInstanceOf(SharedArrayBuffer)
  expect(labels.buffer).toBeInstanceOf(SharedArrayBuffer)
})

test('a set too large for memory is refused before memory is taken', () => {
  expect(() => allocateImages(50_000, 256)).toThrow('imageSize: expected at most 146 for 50000 images, got 256')
})

test.each([[0], [1], [2], [3], [10], [101]])('puts %i images into any order, in place', (count) => {
  for (const seed of [1, 2, 3]) {
    const order = shuffle([...Array(count).keys()], seededRandom(seed))
    const pixels = Uint8Array.from({ length: count * 3 }, (_, at) => Math.floor(at / 3) + (at % 3))
    const before = pixels.slice()
    arrange(pixels, 3, order)
    expect([...pixels]).toEqual(order.flatMap((from) => [...before.subarray(from * 3, from * 3 + 3)]))
  }
})
