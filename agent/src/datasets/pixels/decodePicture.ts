import { imageTypeOf, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from '@pawprint/protocol'
import type { SharpConstructor } from 'sharp'
import { pixelBytes, preprocessingOf } from '../images.ts'
import { plainJpegSize } from './jpegHeader.ts'

/** A part of a picture, in pixels of the upright one. */
export interface Crop {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** In pixels. */
export interface PictureSize {
  readonly width: number
  readonly height: number
}

/** A decoded picture, and the size that it had, upright. */
export interface Picture extends PictureSize {
  /** RGB bytes, `[imageSize, imageSize, 3]`. */
  readonly pixels: Uint8Array
}

const WHITE = '#ffffff'
/** EXIF orientations from here on lie on their side. */
const FIRST_TURNED = 5

/** This picture is broken: listed, where any other error ends the whole. The message says why. */
export class Broken extends Error {}

/** Throws Broken. */
export const broken = (reason: string, options?: ErrorOptions): never => {
  throw new Broken(reason, options)
}

/** What the decoder says is not told: side by side with others, it mixes up whose error it is. */
const damaged = (bytes: Uint8Array) => (cause: unknown) =>
  broken(`damaged or cut off (${imageTypeOf(bytes)})`, { cause })

interface Header extends PictureSize {
  /** EXIF's, 1 to 8; default 1. */
  readonly orientation?: number | undefined
}

/** Size of the upright picture, from its header: nothing is decoded yet. */
async function sizeOf(sharp: SharpConstructor, bytes: Uint8Array): Promise<PictureSize> {
  if (bytes.length === 0) broken('the file is empty')
  if (bytes.length > MAX_IMAGE_BYTES) broken(`the file has ${bytes.length} bytes, more than ${MAX_IMAGE_BYTES}`)
  if (imageTypeOf(bytes) === null) broken('neither JPEG, PNG, WebP nor GIF')
  // Its own limit is off, so that the words are ours.
  const header = () => sharp(bytes, { limitInputPixels: false }).metadata().catch(damaged(bytes))
  const { width, height, orientation = 1 }: Header = plainJpegSize(bytes) ?? (await header())
  if (width * height > MAX_IMAGE_PIXELS) broken(`${width} × ${height} pixels, more than ${MAX_IMAGE_PIXELS}`)
  return orientation < FIRST_TURNED ? { width, height } : { width: height, height: width }
}

function checkInside({ left, top, width, height }: Crop, size: PictureSize): void {
  const isInside = left >= 0 && top >= 0 && left + width <= size.width && top + height <= size.height
  if (!isInside || width < 1 || height < 1)
    broken(`the part to take is not inside the ${size.width} × ${size.height} pixels`)
}

/**
 * Decodes one picture as the demo does with a dropped one, so that a model sees there what it saw here. Throws Broken. `crop`: the
 * part to take, else all of it.
 */
export async function decodePicture(
  sharp: SharpConstructor,
  bytes: Uint8Array,
  imageSize: number,
  crop?: Crop,
): Promise<Picture> {
  const size = await sizeOf(sharp, bytes)
  let picture = sharp(bytes, { limitInputPixels: MAX_IMAGE_PIXELS, failOn: 'error' })
    .autoOrient()
    .flatten({ background: WHITE })
  if (crop) {
    checkInside(crop, size)
    picture = picture.extract({ left: crop.left, top: crop.top, width: crop.width, height: crop.height })
  }
  const { width, height } = crop ?? size
  const { fit, kernel } = preprocessingOf(imageSize)
  // The JPEG decoder may shrink, but leaves a factor of two to the resizing: all of it there would be faster, but gives other pixels.
  if (width !== imageSize || height !== imageSize)
    picture = picture.resize(imageSize, imageSize, { fit, kernel, fastShrinkOnLoad: false })
  const pixels = await picture.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer().catch(damaged(bytes))
  if (pixels.length !== pixelBytes(imageSize)) broken('a picture of unknown colours')
  return { pixels, ...size }
}
