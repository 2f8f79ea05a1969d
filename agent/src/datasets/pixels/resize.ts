import type { Sharp } from 'sharp'
import { CHANNELS, preprocessingOf } from '../images.ts'

type OpenRaw = (image: Uint8Array, width: number, height: number) => Sharp

// From this factor on, libvips shrinks in two passes whose grid depends on the whole picture: no strips then.
const MAX_STRIP_SHRINK = 4

/** Side by side calls of sharp; more only queue up. */
const AT_ONCE = 16

/** One call a picture, `[side, side, 3]` each. */
async function resizeOneByOne(
  openRaw: OpenRaw,
  images: Uint8Array,
  side: number,
  imageSize: number,
): Promise<Uint8Array> {
  const { fit, kernel } = preprocessingOf(imageSize)
  const [inBytes, outBytes] = [side * side * CHANNELS, imageSize * imageSize * CHANNELS]
  const count = images.length / inBytes
  const resized = new Uint8Array(count * outBytes)
  const resize = async (index: number): Promise<void> => {
    const image = images.subarray(index * inBytes, (index + 1) * inBytes)
    const options = { fit, kernel }
    resized.set(
      await openRaw(image, side, side).resize(imageSize, imageSize, options).raw().toBuffer(),
      index * outBytes,
    )
  }
  for (let start = 0; start < count; start += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - start)
    await Promise.all(Array.from({ length }, (_, at) => resize(start + at)))
  }
  return resized
}

/**
 * All pictures in one call, one below the other, each between copies of its own first and last row: just what libvips
 * assumes beyond the edge of a single picture, so the result is the same to the byte, ten times sooner.
 */
async function resizeAsStrip(
  openRaw: OpenRaw,
  images: Uint8Array,
  side: number,
  imageSize: number,
): Promise<Uint8Array> {
  const { fit, kernel } = preprocessingOf(imageSize)
  const [inRow, outBytes] = [side * CHANNELS, imageSize * imageSize * CHANNELS]
  const count = images.length / (side * inRow)
  const strip = new Uint8Array(images.length * 3)
  for (let row = 0; row < count * 3 * side; row++) {
    const index = Math.floor(row / (3 * side))
    const inside = Math.min(side - 1, Math.max(0, (row % (3 * side)) - side))
    strip.set(images.subarray((index * side + inside) * inRow, (index * side + inside + 1) * inRow), row * inRow)
  }
  const tall = openRaw(strip, side, 3 * side * count).resize(imageSize, 3 * imageSize * count, { fit, kernel })
  const shrunk = await tall.raw().toBuffer()
  const resized = new Uint8Array(count * outBytes)
  for (let index = 0; index < count; index++) {
    const start = (3 * index + 1) * outBytes
    resized.set(shrunk.subarray(start, start + outBytes), index * outBytes)
  }
  return resized
}

/**
 * Resizes images `[count, side, side, 3]` to `[count, imageSize, imageSize, 3]` with sharp, as the demo does with one: stretched
 * to fill, kernel Lanczos 3 (for shrinking; to enlarge, sharp takes the interpolator that goes with it, bicubic). The same
 * bytes in give the same bytes out.
 */
export async function resizeImages(images: Uint8Array, side: number, imageSize: number): Promise<Uint8Array> {
  // Loaded when first needed: sharp is native code, and most runs keep the images' own size.
  const { default: sharp } = await import('sharp')
  const openRaw: OpenRaw = (image, width, height) => sharp(image, { raw: { width, height, channels: CHANNELS } })
  const isStrip = imageSize < side && imageSize * MAX_STRIP_SHRINK > side
  return (isStrip ? resizeAsStrip : resizeOneByOne)(openRaw, images, side, imageSize)
}
