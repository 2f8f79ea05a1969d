import sharp from 'sharp'
import { expect, test } from 'vitest'
import { seededRandom } from '../random.ts'
import { resizeImages } from './resize.ts'

const SIDE = 32
const BYTES = SIDE * SIDE * 3

function noise(count: number): Uint8Array {
  const random = seededRandom(5)
  return Uint8Array.from({ length: count * BYTES }, () => random.below(256))
}

// The demo resizes one picture at a time, so this is what training must see.
async function oneAlone(image: Uint8Array, size: number): Promise<Buffer> {
  const raw = sharp(image, { raw: { width: SIDE, height: SIDE, channels: 3 } })
  return raw.resize(size, size, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer()
}

test.each([[8], [9], [12], [15], [16], [17], [24], [28], [31], [33], [48]])(
  'many images at once come out at %i pixels as each does alone, to the byte',
  async (size) => {
    const images = noise(20)
    const together = Buffer.from(await resizeImages(images, SIDE, size))
    const alone = Array.from({ length: 20 }, (_, index) =>
      oneAlone(images.subarray(index * BYTES, (index + 1) * BYTES), size),
    )
    expect(together.equals(Buffer.concat(await Promise.all(alone)))).toBe(true)
  },
)

test('a plain colour stays what it is at any size', async () => {
  const plain = Uint8Array.from({ length: BYTES }, (_, at) => [10, 200, 90][at % 3] as number)
  for (const size of [8, 16, 64]) {
    const resized = await resizeImages(plain, SIDE, size)
    expect(resized).toHaveLength(size * size * 3)
    expect(new Set(resized.filter((_, at) => at % 3 === 1))).toEqual(new Set([200]))
  }
})
