import type { ImageSet } from '@pawprint/engine'
import { MAX_THUMBNAIL_SIZE } from '@pawprint/protocol'
import type { SharpConstructor } from 'sharp'

/** Images side by side in a sheet. */
export const COLUMNS = 32
/** Side by side calls of sharp; more only queue up. */
const AT_ONCE = 16
/** What libwebp calls quality, 0 to 100: blocks are seen below this. */
const QUALITY = 75
/** Of 0 to 6, how hard it tries to be small: more costs more than it saves here. */
const EFFORT = 2

type Pictures = Omit<ImageSet, 'channels'> & { readonly channels: 1 | 3 }

/** Side of a thumbnail, px: that of the images, where they are small. */
export const sideOf = ({ width, height }: Pick<ImageSet, 'width' | 'height'>): number =>
  Math.min(MAX_THUMBNAIL_SIZE, Math.max(width, height))

/**
 * These images of a set, in this order, small, row by row in one picture of 32 columns (fewer where there are fewer images): a lossy WebP file
 * without alpha. What is left of the last row is black. `indices` has one or more.
 */
export async function sheetOf(set: Pictures, indices: readonly number[]): Promise<Uint8Array> {
  // Loaded when first needed, as it is native code.
  const { default: sharp } = await import('sharp')
  const { channels } = set
  const side = sideOf(set)
  const columns = Math.min(COLUMNS, indices.length)
  const [width, height] = [columns * side, Math.ceil(indices.length / columns) * side]
  const sheet = Buffer.alloc(width * height * channels)
  for (let start = 0; start < indices.length; start += AT_ONCE) {
    const tiles = await Promise.all(
      indices.slice(start, start + AT_ONCE).map((index) => tileOf(sharp, set, index, side)),
    )
    tiles.forEach((tile, i) => {
      const [row, column] = [Math.floor((start + i) / columns), (start + i) % columns]
      for (let y = 0; y < side; y++)
        sheet.set(
          tile.subarray(y * side * channels, (y + 1) * side * channels),
          ((row * side + y) * width + column * side) * channels,
        )
    })
  }
  return sharp(sheet, { raw: { width, height, channels } }).webp({ quality: QUALITY, effort: EFFORT }).toBuffer()
}

async function tileOf(sharp: SharpConstructor, set: Pictures, index: number, side: number): Promise<Uint8Array> {
  const { images, width, height, channels } = set
  const size = width * height * channels
  const pixels = images.subarray(index * size, (index + 1) * size)
  if (width === side && height === side) return pixels
  return sharp(pixels, { raw: { width, height, channels } })
    .resize(side, side, { fit: 'fill' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer()
}
