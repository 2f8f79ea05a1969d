import sharp, { type Sharp } from 'sharp'
import { afterEach, expect, test, vi } from 'vitest'
import { pixelsOf } from '../../../../demo-app/server/picture.ts'
import { B, FOUR, G, pictureOf, R, raw, recordOf, sourceOf, W } from '../testing/testPictures.ts'
import { decodeImages } from './decode.ts'

afterEach(() => void vi.unstubAllEnvs())

const decodeOne = async (bytes: Uint8Array, imageSize: number): Promise<number[]> => {
  const { images, broken } = await decodeImages([sourceOf(bytes)], { imageSize })
  expect(broken).toEqual([])
  return [...images]
}

const asDemo = (bytes: Uint8Array, imageSize: number): Promise<Uint8Array> => pixelsOf(bytes, recordOf(imageSize))

const encodings: [string, () => Promise<Uint8Array>][] = [
  ['a JPEG', () => pictureOf(1, 200, 150).jpeg().toBuffer()],
  ['a progressive JPEG', () => pictureOf(2, 150, 400).jpeg({ progressive: true }).toBuffer()],
  ['a grey JPEG', () => pictureOf(3, 90, 90, 1).toColourspace('b-w').jpeg().toBuffer()],
  ['a CMYK JPEG', () => pictureOf(4, 120, 80).toColourspace('cmyk').jpeg().toBuffer()],
  ['a JPEG on its side', () => pictureOf(5, 120, 80).jpeg().withMetadata({ orientation: 6 }).toBuffer()],
  ['a JPEG smaller than the image', () => pictureOf(6, 20, 10).jpeg().toBuffer()],
  ['a JPEG of the very size', () => pictureOf(7, 32, 32).jpeg().toBuffer()],
  ['a PNG with alpha', () => pictureOf(8, 77, 61, 4).png().toBuffer()],
  ['an interlaced PNG with a palette', () => pictureOf(9, 64, 64).png({ palette: true, progressive: true }).toBuffer()],
  ['a PNG of 16 bits', () => pictureOf(10, 64, 48).toColourspace('rgb16').png().toBuffer()],
  ['a grey PNG of 16 bits', () => pictureOf(11, 50, 40, 1).toColourspace('grey16').png().toBuffer()],
  ['a WebP', () => pictureOf(12, 100, 70).webp().toBuffer()],
  ['a GIF', () => pictureOf(13, 60, 90).gif().toBuffer()],
]

test('the pictures of these tests are what they say', async () => {
  const facts = async (name: string) => sharp(await new Map(encodings).get(name)?.()).metadata()
  expect(await facts('a CMYK JPEG')).toMatchObject({ space: 'cmyk', channels: 4 })
  expect(await facts('a PNG of 16 bits')).toMatchObject({ depth: 'ushort', channels: 3 })
  expect(await facts('a grey JPEG')).toMatchObject({ space: 'b-w', channels: 1 })
  expect(await facts('an interlaced PNG with a palette')).toMatchObject({ isPalette: true, isProgressive: true })
})

test.each([
  ['off', 'by sharp alone'],
  ['', 'with native code where that is built'],
])('a picture gives the very bytes that the demo gives its model: PAWPRINT_NATIVE=%s, %s', async (isNative) => {
  vi.stubEnv('PAWPRINT_NATIVE', isNative)
  const files = await Promise.all(encodings.map(([, encode]) => encode()))
  const { images, indices, broken } = await decodeImages(
    files.map((bytes, n) => sourceOf(bytes, encodings[n]?.[0])),
    { imageSize: 32 },
  )
  expect(broken).toEqual([])
  expect(indices).toEqual([...files.keys()])
  for (const [n, bytes] of files.entries()) {
    const ours = Buffer.from(images.subarray(n * 3072, (n + 1) * 3072))
    expect(ours.equals(await asDemo(bytes, 32)), encodings[n]?.[0]).toBe(true)
  }
})

test('a picture of the very size is not touched, in shared memory', async () => {
  const png = await raw(FOUR, 2, 2).png().toBuffer()
  expect(await decodeOne(png, 2)).toEqual(FOUR)
  const { images, sizes } = await decodeImages([sourceOf(png)], { imageSize: 2 })
  expect(images.buffer).toBeInstanceOf(SharedArrayBuffer)
  expect(sizes).toEqual([{ width: 2, height: 2 }])
})

test('transparency lies on white, grey fills three channels, 16 bits lose their lower 8', async () => {
  const clear = await raw([...R, 255, ...G, 0, ...B, 255, 0, 0, 0, 0], 2, 2, 4)
    .png()
    .toBuffer()
  expect(await decodeOne(clear, 2)).toEqual([...R, ...W, ...B, ...W])
  const grey = await raw([0, 7, 128, 255], 2, 2, 1).toColourspace('b-w').png().toBuffer()
  expect(await decodeOne(grey, 2)).toEqual([0, 7, 128, 255].flatMap((value) => [value, value, value]))
  const deep = await raw(FOUR, 2, 2).toColourspace('rgb16').png().toBuffer()
  expect((await sharp(deep).metadata()).depth).toBe('ushort')
  expect(await decodeOne(deep, 2)).toEqual(FOUR)
})

test('of an animation the first picture counts', async () => {
  const frames = await Promise.all([R, B].map((colour) => raw(Array(4).fill(colour).flat(), 2, 2).png().toBuffer()))
  for (const encode of [(all: Sharp) => all.gif(), (all: Sharp) => all.webp({ lossless: true })]) {
    const animation = await encode(sharp(frames, { join: { animated: true } })).toBuffer()
    expect(await decodeOne(animation, 2)).toEqual([...R, ...R, ...R, ...R])
  }
})

// By the EXIF standard, orientation 6: the stored rows are columns from the right.
test('a crop is taken from the upright picture', async () => {
  const six = [...R, ...G, ...B, ...W, ...R, ...G]
  const png = await raw(six, 3, 2).png().withMetadata({ orientation: 6 }).toBuffer()
  // Upright, 2 × 3: W R, R G, G B.
  const crop = { left: 0, top: 1, width: 2, height: 2 }
  const { images, sizes } = await decodeImages([sourceOf(png, 'a', crop)], { imageSize: 2 })
  expect([...images]).toEqual([...R, ...G, ...G, ...B])
  expect(sizes).toEqual([{ width: 2, height: 3 }])
})

test('a crop is resized as a picture of just that part is', async () => {
  const whole = pictureOf(20, 90, 70)
  const part = { left: 11, top: 7, width: 60, height: 50 }
  const png = await whole.clone().png().toBuffer()
  const alone = await whole.clone().extract(part).png().toBuffer()
  const { images } = await decodeImages([sourceOf(png, 'a', part)], { imageSize: 24 })
  expect([...images]).toEqual(await decodeOne(alone, 24))
})
