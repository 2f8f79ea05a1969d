import { crc32, deflateSync } from 'node:zlib'
import { MAX_IMAGE_BYTES, type Preprocessing } from '@pawprint/protocol'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { DemoError } from './error.ts'
import { pixelsOf } from './picture.ts'

const rgb = (width: number, height: number, more: Partial<Preprocessing> = {}): Preprocessing => ({
  width,
  height,
  channels: 'rgb',
  fit: 'fill',
  kernel: 'lanczos3',
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  ...more,
})
const raw = (pixels: readonly number[], width: number, height: number, channels: 1 | 3 | 4 = 3) =>
  sharp(Uint8Array.from(pixels), { raw: { width, height, channels } })

const [R, G, B, W] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
] as const
/** Two rows of three: R G B over W R G. */
const SIX = [...R, ...G, ...B, ...W, ...R, ...G]

test('a PNG of exactly the size of the model gives the very bytes that were written', async () => {
  const pixels = Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 89 + (i >> 3)) % 256)
  expect([...(await pixelsOf(await raw(pixels, 32, 32).png().toBuffer(), rgb(32, 32)))]).toEqual(pixels)
})

test('a grey picture fills three channels for a colour model, and stays one for a grey model', async () => {
  const png = await raw([0, 7, 128, 255], 2, 2, 1).toColourspace('b-w').png().toBuffer()
  expect([...(await pixelsOf(png, rgb(2, 2)))]).toEqual([0, 7, 128, 255].flatMap((v) => [v, v, v]))
  const grey = rgb(2, 2, { channels: 'grey', mean: [0], std: [1] })
  expect([...(await pixelsOf(png, grey))]).toEqual([0, 7, 128, 255])
})

// By the EXIF standard: what is stored, and how it is to be looked at.
test.each([
  [1, 3, 2, SIX],
  [2, 3, 2, [...B, ...G, ...R, ...G, ...R, ...W]],
  [3, 3, 2, [...G, ...R, ...W, ...B, ...G, ...R]],
  [4, 3, 2, [...W, ...R, ...G, ...R, ...G, ...B]],
  [5, 2, 3, [...R, ...W, ...G, ...R, ...B, ...G]],
  [6, 2, 3, [...W, ...R, ...R, ...G, ...G, ...B]],
  [7, 2, 3, [...G, ...B, ...R, ...G, ...W, ...R]],
  [8, 2, 3, [...B, ...G, ...G, ...R, ...R, ...W]],
])('EXIF orientation %i is turned upright', async (orientation, width, height, expected) => {
  const png = await raw(SIX, 3, 2).png().withMetadata({ orientation }).toBuffer()
  expect([...(await pixelsOf(png, rgb(width, height)))]).toEqual(expected)
})

test('transparency lies on white', async () => {
  const png = await raw([255, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255], 2, 2, 4).png().toBuffer()
  expect([...(await pixelsOf(png, rgb(2, 2)))]).toEqual([...R, ...W, ...W, ...B])
})

test('fill squeezes the whole picture in; cover takes the middle', async () => {
  // Four columns: red, green, blue, white, each two wide.
  const columns = [R, G, B, W].flatMap((colour) => [...colour, ...colour])
  const png = await raw([...columns, ...columns, ...columns, ...columns], 8, 4)
    .png()
    .toBuffer()
  expect([...(await pixelsOf(png, rgb(4, 2, { kernel: 'nearest' })))]).toEqual([
    ...R,
    ...G,
    ...B,
    ...W,
    ...R,
    ...G,
    ...B,
    ...W,
  ])
  expect([...(await pixelsOf(png, rgb(2, 2, { kernel: 'nearest', fit: 'cover' })))]).toEqual([...G, ...B, ...G, ...B])
})

// Of the picture as it is looked at: R G B over W R G, or turned by its EXIF to W R over R G over G B.
test.each([
  [1, { left: 1, top: 0, width: 2, height: 1 }, [...G, ...B]],
  [1, { left: 0, top: 0, width: 1, height: 2 }, [...R, ...W]],
  [6, { left: 0, top: 1, width: 2, height: 1 }, [...R, ...G]],
  [6, { left: 1, top: 1, width: 1, height: 2 }, [...G, ...B]],
])('of a picture with EXIF orientation %i, the part %j', async (orientation, part, expected) => {
  const png = await raw(SIX, 3, 2).png().withMetadata({ orientation }).toBuffer()
  expect([...(await pixelsOf(png, rgb(part.width, part.height), part))]).toEqual(expected)
})

test('a part that lies outside is refused', async () => {
  const png = await raw(SIX, 3, 2).png().toBuffer()
  await expect(pixelsOf(png, rgb(2, 2), { left: 2, top: 0, width: 2, height: 2 })).rejects.toThrow(
    'part: expected a part inside 3 × 2, got 2 × 2 from 2, 0',
  )
})

test('JPEG, WebP and GIF are read like PNG; of an animation the first picture', async () => {
  const flat = sharp({ create: { width: 16, height: 16, channels: 3, background: '#20c040' } })
  for (const bytes of [
    await flat.jpeg({ quality: 100 }).toBuffer(),
    await flat.webp({ lossless: true }).toBuffer(),
    await flat.gif().toBuffer(),
  ]) {
    const pixels = await pixelsOf(bytes, rgb(4, 4))
    for (let i = 0; i < pixels.length; i += 3) {
      expect(Math.abs((pixels[i] ?? 0) - 0x20)).toBeLessThan(4)
      expect(Math.abs((pixels[i + 1] ?? 0) - 0xc0)).toBeLessThan(4)
    }
  }
  const frames = await Promise.all([R, B].map((colour) => raw(Array(16).fill(colour).flat(), 4, 4).png().toBuffer()))
  const animation = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer()
  expect([...(await pixelsOf(animation, rgb(1, 1, { kernel: 'nearest' })))]).toEqual([...R])
})

/** A PNG written by hand, so that its header can say anything. */
function png(width: number, height: number, data: Uint8Array): Buffer {
  const chunk = (type: string, body: Uint8Array): Buffer => {
    const named = Buffer.concat([Buffer.from(type, 'latin1'), body])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(body.length)
    sum.writeUInt32BE(crc32(named))
    return Buffer.concat([length, named, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(data)),
    chunk('IEND', new Uint8Array()),
  ])
}

test('the PNG writer of this test writes what sharp reads', async () => {
  expect([...(await pixelsOf(png(2, 1, Uint8Array.of(0, ...R, ...G)), rgb(2, 1)))]).toEqual([...R, ...G])
})

const whole = png(
  64,
  64,
  Uint8Array.from({ length: 64 * (1 + 64 * 3) }, (_, i) => (i % 193 === 0 ? 0 : (i * 101) % 256)),
)
test.each<[string, string, () => Uint8Array | Promise<Uint8Array>]>([
  ['0 bytes', 'E_EMPTY', () => new Uint8Array()],
  ['text', 'E_IMAGE_TYPE', () => Buffer.from('This is a cat.')],
  ['SVG', 'E_IMAGE_TYPE', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  ['TIFF', 'E_IMAGE_TYPE', () => raw(SIX, 3, 2).tiff().toBuffer()],
  ['HTML that says it is a PNG', 'E_IMAGE_TYPE', () => Buffer.from('PNG<html>')],
  ['a PNG signature alone', 'E_IMAGE', () => whole.subarray(0, 8)],
  ['a truncated PNG', 'E_IMAGE', () => whole.subarray(0, whole.length / 2)],
  ['a truncated JPEG', 'E_IMAGE', async () => (await sharp(whole).jpeg().toBuffer()).subarray(0, 700)],
  ['a WebP that is none', 'E_IMAGE', () => Buffer.from('RIFF\x10\0\0\0WEBPVP8 garbage!')],
  ['a header of 60,000 × 60,000', 'E_IMAGE_PIXELS', () => png(60_000, 60_000, new Uint8Array(10))],
  ['one pixel more than 40 million', 'E_IMAGE_PIXELS', () => png(40_000_001, 1, new Uint8Array(10))],
  [
    '16 MiB and one byte',
    'E_IMAGE_BYTES',
    () => Buffer.concat([whole, Buffer.alloc(MAX_IMAGE_BYTES + 1 - whole.length)]),
  ],
])('%s is refused with %s', async (_what, code, make) => {
  const refused = await pixelsOf(await make(), rgb(8, 8)).then(
    () => null,
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(DemoError)
  expect(refused).toMatchObject({ code })
})

test('40 million pixels are decoded', async () => {
  const big = await sharp({ create: { width: 8000, height: 5000, channels: 3, background: '#ff0000' } })
    .jpeg()
    .toBuffer()
  const pixels = await pixelsOf(big, rgb(1, 1))
  expect(pixels[0]).toBeGreaterThan(250)
})
