import sharp from 'sharp'
import { expect, test } from 'vitest'
import { pngOf } from './png.ts'

test.each([
  [1, 1, 3],
  [5, 3, 3],
  [64, 64, 3],
  [7, 2, 1],
])('sharp reads back the pixels of a file of %i × %i pixels and %i channels', async (width, height, channels) => {
  const pixels = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 73 + 11) % 256)
  const { data, info } = await sharp(pngOf(pixels, width, height, channels))
    .raw()
    .toBuffer({ resolveWithObject: true })
  expect([info.width, info.height]).toEqual([width, height])
  // libvips gives grey pixels back as RGB.
  const kept = data.filter((_, i) => info.channels === channels || i % info.channels === 0)
  expect([...kept]).toEqual([...pixels])
})

test('of two channels the first is shown', () => {
  const two = pngOf(Uint8Array.of(1, 99, 2, 99), 2, 1, 2)
  expect(two.equals(pngOf(Uint8Array.of(1, 2), 2, 1, 1))).toBe(true)
})
