import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import { type Crop, decodePicture, type Picture } from './decodePicture.ts'
import { openJpegDecoder } from './nativeJpeg.ts'

/** Decodes one picture, all of it or the part to take. Rejects with Broken. */
export type Decoder = (bytes: Uint8Array, imageSize: number, crop?: Crop) => Promise<Picture>

/**
 * What decodes pictures: sharp, and native code for the most common kind, where that is built, unless `PAWPRINT_NATIVE=off`.
 * Both give the same bytes. They are loaded when they are first needed.
 */
export async function openDecoder(): Promise<Decoder> {
  const { default: sharp } = await import('sharp')
  // Its memory of operations never helps where all pictures differ, but takes an eighth of the time, and holds what was decoded.
  sharp.cache(false)
  const jpeg = process.env.PAWPRINT_NATIVE === 'off' ? null : await openJpegDecoder(sharp)
  return async (bytes, imageSize, crop) => {
    const isForJpeg = jpeg !== null && crop === undefined && bytes.length <= MAX_IMAGE_BYTES
    const picture = isForJpeg ? await jpeg(bytes, imageSize) : null
    return picture ?? decodePicture(sharp, bytes, imageSize, crop)
  }
}
