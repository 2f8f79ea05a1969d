import { allocatePixels, pixelBytes } from '../images.ts'
import type { BrokenImage } from '../types.ts'
import { Broken, type Crop, type PictureSize } from './decodePicture.ts'
import { openDecoder } from './openDecoder.ts'
import { sideBySide } from './sideBySide.ts'

export type { BrokenImage, Crop, PictureSize }

/** One picture to be decoded. */
export interface ImageSource {
  /** What a person knows it by, for the list of broken ones. */
  readonly name: string
  /** Gives the bytes of its file. Called once, shortly before they are decoded. */
  read(): Promise<Uint8Array>
  /** The part to take, in pixels of the upright picture: integers, inside it. Default: all of it. */
  readonly crop?: Crop
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

/** A picture whose `read` may find, by its bytes, that it need not be decoded: null. */
export interface OptionalSource extends Omit<ImageSource, 'read'> {
  read(): Promise<Uint8Array | null>
}

/** What became of a picture; null: it was not to be decoded. */
export type DecodeResult = PictureSize | BrokenImage | null

/**
 * Decodes pictures as decodeImages does, each to where `targetOf` its number says: `[imageSize, imageSize, 3]`. Answers the
 * sizes and the broken ones, in the order of the sources. One that is not to be decoded is counted, but `onProgress` does not hear of it.
 */
export async function decodeInto(
  sources: readonly OptionalSource[],
  targetOf: (index: number) => Uint8Array,
  { imageSize, onProgress, signal }: DecodeOptions,
): Promise<DecodeResult[]> {
  signal?.throwIfAborted()
  const decodePicture = await openDecoder()
  const results: DecodeResult[] = []
  let done = 0
  await sideBySide(sources.length, async (index) => {
    const source = sources[index] as OptionalSource
    const result = await brokenIsListed(source.name, async () => {
      const bytes = await source.read()
      if (bytes === null) return null
      const { pixels, ...size } = await decodePicture(bytes, imageSize, source.crop)
      targetOf(index).set(pixels)
      return size
    })
    results[index] = result
    done++
    signal?.throwIfAborted()
    if (result !== null) onProgress?.(done, sources.length)
  })
  return results
}

async function brokenIsListed(name: string, decode: () => Promise<PictureSize | null>): Promise<DecodeResult> {
  try {
    return await decode()
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    return { name, reason: error.message }
  }
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

/** Moves images together over the gaps that broken ones left. `results` are in the order of the sources; none is null. */
export function withoutBroken(images: Uint8Array, results: readonly DecodeResult[], imageSize: number): Decoded {
  const sizeBytes = pixelBytes(imageSize)
  const [indices, sizes, listed]: [number[], PictureSize[], BrokenImage[]] = [[], [], []]
  for (const [index, result] of results.entries()) {
    if (result === null) throw new Error(`picture ${index} was neither decoded nor found to be broken`)
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
