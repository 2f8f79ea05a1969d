import type { Preprocessing } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { pixelsOf } from '../../../../demo-app/server/picture.ts'
import { decodeImages } from '../pixels/decode.ts'
import { pictureOf, recordOf, sourceOf } from '../testing/testPictures.ts'

const MODEL: Preprocessing = { ...recordOf(32), input: 'cropped' }

test.each([
  ['a JPEG', () => pictureOf(1, 200, 150).jpeg().toBuffer()],
  ['a JPEG on its side', () => pictureOf(2, 150, 200).jpeg().withMetadata({ orientation: 6 }).toBuffer()],
  ['a PNG with alpha', () => pictureOf(3, 200, 150, 4).png().toBuffer()],
  ['a WebP', () => pictureOf(4, 200, 150).webp().toBuffer()],
])('the part of %s that a person frames gives the very bytes that a box of it gave in training', async (_, encode) => {
  const bytes = await encode()
  for (const part of [
    { left: 31, top: 17, width: 90, height: 101 },
    { left: 120, top: 40, width: 20, height: 9 },
    { left: 50, top: 50, width: 32, height: 32 },
  ]) {
    const { images, broken } = await decodeImages([sourceOf(bytes, 'a', part)], { imageSize: 32 })
    expect(broken).toEqual([])
    expect(Buffer.from(images).equals(await pixelsOf(bytes, MODEL, part))).toBe(true)
  }
})
