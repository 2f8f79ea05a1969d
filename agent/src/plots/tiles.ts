import type { ImageSet } from '@pawprint/engine'
import { tag } from '../view/markup.ts'
import { round } from './picture.ts'
import { pngOf } from './png.ts'

/** Side of an image as it is shown, px. */
export const TILE = 56

/** Image `index` of a set, at a place in a drawing, px. Its pixels are in the file, as PNG. */
export function tileAt(set: ImageSet, index: number, x: number, y: number): string {
  const { images, height, width, channels } = set
  const size = height * width * channels
  const png = pngOf(images.subarray(index * size, (index + 1) * size), width, height, channels)
  const href = `data:image/png;base64,${png.toString('base64')}`
  // Small images are shown in squares, as the network gets them.
  const style = width < TILE ? { style: 'image-rendering:pixelated' } : {}
  return tag('image', { x: round(x), y: round(y), width: TILE, height: TILE, ...style, href })
}
