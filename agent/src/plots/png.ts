import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** Colour types of the PNG specification, by channels. */
const COLOUR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2 }

/** Length, type, data, and the check over the last two (PNG specification, § 5.3). */
function chunk(type: string, data: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, check])
}

/** A PNG file of pixels `[height, width, channels]`, row-major bytes: 3 channels are RGB, 1 is grey, of others the first is shown. */
export function pngOf(pixels: Uint8Array, width: number, height: number, channels: number): Buffer {
  const colourType = COLOUR_TYPES[channels] ?? 0
  const kept = colourType === 2 ? 3 : 1
  // Each line begins with the number of its filter; 0 leaves the bytes as they are.
  const lines = Buffer.alloc(height * (1 + width * kept))
  for (let y = 0; y < height; y++)
    for (let i = 0; i < width * kept; i++) {
      const from = kept === channels ? i : i * channels
      lines[y * (1 + width * kept) + 1 + i] = pixels[y * width * channels + from] ?? 0
    }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  // Bits of a channel, colour type, and the only compression, filter method and order of lines there are.
  header.set([8, colourType, 0, 0, 0], 8)
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', new Uint8Array())]
  return Buffer.concat([SIGNATURE, ...parts])
}
