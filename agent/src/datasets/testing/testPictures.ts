// Encoded pictures for the tests of this folder. Not part of the package's exports.
import { crc32, deflateSync } from 'node:zlib'
import type { Preprocessing } from '@pawprint/protocol'
import sharp, { type Sharp } from 'sharp'
import type { ImageSource } from '../pixels/decode.ts'
import { seededRandom } from '../random.ts'

export const [R, G, B, W] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
] as const
/** Two rows of two: R G over B W. */
export const FOUR = [...R, ...G, ...B, ...W]

/** What a model's record says of images decoded here, as the demo reads it. */
export const recordOf = (imageSize: number): Preprocessing => ({
  width: imageSize,
  height: imageSize,
  channels: 'rgb',
  fit: 'fill',
  kernel: 'lanczos3',
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
})

/** A raw picture for sharp to encode. `pixels` is `[height, width, channels]`. */
export const raw = (
  pixels: readonly number[] | Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3 | 4 = 3,
): Sharp => sharp(Uint8Array.from(pixels), { raw: { width, height, channels } })

/** A smooth picture with noise, as photographs have it: colours differ from place to place and with the seed. */
export function pictureOf(seed: number, width: number, height: number, channels: 1 | 3 | 4 = 3): Sharp {
  const random = seededRandom(seed, width, height)
  const waves = Array.from({ length: channels }, () => [
    random.between(2, 9),
    random.between(2, 9),
    random.between(0, 6),
  ])
  const pixels = new Uint8Array(width * height * channels)
  for (let at = 0; at < pixels.length; at++) {
    const [across = 0, down = 0, start = 0] = waves[at % channels] ?? []
    const x = (Math.floor(at / channels) % width) / width
    const y = Math.floor(at / channels / width) / height
    pixels[at] = 128 + 90 * Math.sin(start + across * x + down * y) + random.between(-20, 20)
  }
  return raw(pixels, width, height, channels)
}

export const sourceOf = (bytes: Uint8Array, name = 'picture', crop?: ImageSource['crop']): ImageSource => ({
  name,
  read: async () => bytes,
  ...(crop ? { crop } : {}),
})

/** A PNG of 8 bit RGB made by hand, so that its header can say anything. `rows` are filter byte and pixels, row by row. */
export function handMadePng(width: number, height: number, rows: Uint8Array): Uint8Array {
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
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ])
}
