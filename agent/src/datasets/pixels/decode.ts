import { imageTypeOf, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from '@pawprint/protocol'
import type { SharpConstructor } from 'sharp'
import { allocatePixels, pixelBytes, preprocessingOf } from '../images.ts'
import type { BrokenImage } from '../types.ts'
import { sideBySide } from './sideBySide.ts'

export type { BrokenImage }

/** One picture to be decoded. */
export interface ImageSource {
  /** What a person knows it by, for the list of broken ones. */
  readonly name: string
  /** Gives the bytes of its file. Called once, shortly before they are decoded. */
  read(): Promise<Uint8Array>
  /** The part to take, in pixels of the upright picture: integers, inside it. Default: all of it. */
  readonly crop?: Crop
}

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

export interface Decoded {
  /** RGB bytes in shared memory, `[indices.length, imageSize, imageSize, 3]`, in the order of the sources. */
  readonly images: Uint8Array
  /** The number of each image's source, ascending: all sources but the broken ones. */
  readonly indices: readonly number[]
  /** Size of each picture as it is looked at, before cropping and resizing. */
  readonly sizes: readonly PictureSize[]
  /** In the order of the sources. */
  readonly broken: readonly BrokenImage[]
}

export interface DecodeOptions {
  /** Side of the images in pixels; an integer from 1. */
  readonly imageSize: number
  /** Hears of each picture that is done, broken ones included. */
  readonly onProgress?: (done: number, total: number) => void
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Raise it when the pixels that come out change: they are kept under this number. */
export const DECODER_VERSION = 1

const WHITE = '#ffffff'
/** EXIF orientations from here on lie on their side. */
const FIRST_TURNED = 5

/** This picture is broken: listed, where any other error ends the whole. */
class Broken extends Error {}

const broken = (reason: string, options?: ErrorOptions): never => {
  throw new Broken(reason, options)
}

/** What the decoder says is not told: side by side with others, it mixes up whose error it is. */
const damaged = (bytes: Uint8Array) => (cause: unknown) =>
  broken(`damaged or cut off (${imageTypeOf(bytes)})`, { cause })

interface Picture extends PictureSize {
  /** `[imageSize, imageSize, 3]`. */
  readonly pixels: Uint8Array
}

/** Size of the upright picture, from its header: nothing is decoded yet. */
async function sizeOf(sharp: SharpConstructor, bytes: Uint8Array): Promise<PictureSize> {
  if (bytes.length === 0) broken('the file is empty')
  if (bytes.length > MAX_IMAGE_BYTES) broken(`the file has ${bytes.length} bytes, more than ${MAX_IMAGE_BYTES}`)
  if (imageTypeOf(bytes) === null) broken('neither JPEG, PNG, WebP nor GIF')
  // Its own limit is off, so that the words are ours.
  const {
    width,
    height,
    orientation = 1,
  } = await sharp(bytes, { limitInputPixels: false }).metadata().catch(damaged(bytes))
  if (width * height > MAX_IMAGE_PIXELS) broken(`${width} × ${height} pixels, more than ${MAX_IMAGE_PIXELS}`)
  return orientation < FIRST_TURNED ? { width, height } : { width: height, height: width }
}

function checkInside({ left, top, width, height }: Crop, size: PictureSize): void {
  const isInside = left >= 0 && top >= 0 && left + width <= size.width && top + height <= size.height
  if (!isInside || width < 1 || height < 1)
    broken(`the part to take is not inside the ${size.width} × ${size.height} pixels`)
}

/** Decodes as the demo does with a dropped picture, so that a model sees there what it saw here. */
async function decode(
  sharp: SharpConstructor,
  bytes: Uint8Array,
  crop: Crop | undefined,
  imageSize: number,
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
  // Shrinking inside the JPEG decoder would be faster, but gives other pixels than resizing the picture.
  if (width !== imageSize || height !== imageSize)
    picture = picture.resize(imageSize, imageSize, { fit, kernel, fastShrinkOnLoad: false })
  const pixels = await picture.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer().catch(damaged(bytes))
  if (pixels.length !== pixelBytes(imageSize)) broken('a picture of unknown colours')
  return { pixels, ...size }
}

/**
 * Decodes pictures as decodeImages does, each to where `targetOf` its number says: `[imageSize, imageSize, 3]`. Answers the
 * sizes and the broken ones, in the order of the sources.
 */
export async function decodeInto(
  sources: readonly ImageSource[],
  targetOf: (index: number) => Uint8Array,
  { imageSize, onProgress, signal }: DecodeOptions,
): Promise<(PictureSize | BrokenImage)[]> {
  signal?.throwIfAborted()
  // Loaded when first needed: sharp is native code.
  const { default: sharp } = await import('sharp')
  const results: (PictureSize | BrokenImage)[] = []
  let done = 0
  await sideBySide(sources.length, async (index) => {
    const source = sources[index] as ImageSource
    try {
      const { pixels, ...size } = await decode(sharp, await source.read(), source.crop, imageSize)
      targetOf(index).set(pixels)
      results[index] = size
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      results[index] = { name: source.name, reason: error.message }
    }
    signal?.throwIfAborted()
    onProgress?.(++done, sources.length)
  })
  return results
}

/**
 * Decodes pictures, on all cores, to RGB of `imageSize` × `imageSize`: stretched to fill by Lanczos 3, to the byte as the demo
 * prepares a dropped picture. JPEG, PNG, WebP and GIF (of an animation the first picture), known by their first bytes, not by
 * their names; turned upright as their EXIF says; transparency on white; grey and CMYK become RGB, 16 bits become 8. Files of more
 * than MAX_IMAGE_BYTES or MAX_IMAGE_PIXELS, damaged and cut off ones are listed as broken. Rejects with what a `read` rejects
 * with, with the signal's reason, and with DatasetError `E_OPTION` when the pixels would exceed MAX_SET_BYTES.
 */
export async function decodeImages(sources: readonly ImageSource[], options: DecodeOptions): Promise<Decoded> {
  const images = allocatePixels(sources.length, options.imageSize)
  const targetOf = imagesOf(images, options.imageSize)
  return withoutBroken(images, await decodeInto(sources, targetOf, options), options.imageSize)
}

/** The image of each number in `images`, `[count, imageSize, imageSize, 3]`. */
export const imagesOf = (images: Uint8Array, imageSize: number): ((index: number) => Uint8Array) => {
  const sizeBytes = pixelBytes(imageSize)
  return (index) => images.subarray(index * sizeBytes, (index + 1) * sizeBytes)
}

/** Moves images together over the gaps that broken ones left. `results` are in the order of the sources. */
export function withoutBroken(
  images: Uint8Array,
  results: readonly (PictureSize | BrokenImage)[],
  imageSize: number,
): Decoded {
  const sizeBytes = pixelBytes(imageSize)
  const [indices, sizes, listed]: [number[], PictureSize[], BrokenImage[]] = [[], [], []]
  for (const [index, result] of results.entries()) {
    if ('reason' in result) {
      listed.push(result)
      continue
    }
    const to = indices.length
    if (to !== index) images.copyWithin(to * sizeBytes, index * sizeBytes, (index + 1) * sizeBytes)
    indices.push(index)
    sizes.push(result)
  }
  return { images: images.subarray(0, indices.length * sizeBytes), indices, sizes, broken: listed }
}
