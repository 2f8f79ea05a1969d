import { crc32 } from 'node:zlib'
import { pixelBytes } from '../images.ts'
import type { PictureSize } from './decode.ts'

// A pack holds decoded images of one size. Little-endian: the magic, count and imageSize as uint32; one row an image, of its
// key (32 bytes), width, height and the CRC-32 of its pixels as uint32; the CRC-32 of all that; then the pixels,
// [count, imageSize, imageSize, 3]. A change of this is another magic.
const MAGIC = 'PAWPACK1'
/** Bytes that say whether a file is a pack, and of how many images. */
export const START_BYTES = 16

const KEY_BYTES = 32
const ROW_BYTES = KEY_BYTES + 12
const CRC_BYTES = 4

/** One image of a pack, by the SHA-256 (hex) of the file that it was decoded from. */
export interface PackRow extends PictureSize {
  readonly key: string
  readonly crc: number
}

/** Bytes before a pack's pixels, which tell what follows. */
export const headBytes = (count: number): number => START_BYTES + count * ROW_BYTES + CRC_BYTES

/** Bytes read or written at once, so that others get their turn. */
const BYTES_AT_ONCE = 4 * 2 ** 20

/** Images that are read or written at once. */
export const imagesAtOnce = (imageSize: number): number =>
  Math.max(1, Math.floor(BYTES_AT_ONCE / pixelBytes(imageSize)))

/** The head of a pack: all of it but the pixels. */
export function writeHead(rows: readonly PackRow[], imageSize: number): Buffer {
  const head = Buffer.alloc(headBytes(rows.length))
  head.write(MAGIC, 'latin1')
  head.writeUInt32LE(rows.length, 8)
  head.writeUInt32LE(imageSize, 12)
  for (const [index, { key, width, height, crc }] of rows.entries()) {
    const at = START_BYTES + index * ROW_BYTES
    head.write(key, at, KEY_BYTES, 'hex')
    head.writeUInt32LE(width, at + KEY_BYTES)
    head.writeUInt32LE(height, at + KEY_BYTES + 4)
    head.writeUInt32LE(crc, at + KEY_BYTES + 8)
  }
  head.writeUInt32LE(crc32(head.subarray(0, -CRC_BYTES)), head.length - CRC_BYTES)
  return head
}

/** Images in a pack, by its first START_BYTES bytes and its size. Null: no whole pack of such images. */
export function countOf(start: Uint8Array, sizeBytes: number, imageSize: number): number | null {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.length)
  if (bytes.length < START_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) return null
  const count = bytes.readUInt32LE(8)
  const isWhole = sizeBytes === headBytes(count) + count * pixelBytes(imageSize)
  return isWhole && bytes.readUInt32LE(12) === imageSize ? count : null
}

/** The rows of a head of `headBytes(count)` bytes. Null: it is damaged. */
export function readHead(head: Uint8Array): PackRow[] | null {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.length)
  const end = bytes.length - CRC_BYTES
  if (end < START_BYTES || crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return null
  return Array.from({ length: (end - START_BYTES) / ROW_BYTES }, (_, index) => {
    const at = START_BYTES + index * ROW_BYTES
    return {
      key: bytes.toString('hex', at, at + KEY_BYTES),
      width: bytes.readUInt32LE(at + KEY_BYTES),
      height: bytes.readUInt32LE(at + KEY_BYTES + 4),
      crc: bytes.readUInt32LE(at + KEY_BYTES + 8),
    }
  })
}
