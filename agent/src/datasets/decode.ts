import { availableParallelism } from 'node:os'
import { imageTypeOf, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS } from '@pawprint/protocol'
import type { SharpConstructor } from 'sharp'
import { allocatePixels, CHANNELS, preprocessingOf } from './images.ts'

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

/** A picture that could not be decoded, and why, in plain words. */
export interface BrokenImage {
  readonly name: string
  readonly reason: string
}

export interface Decoded {
  /** RGB bytes in shared memory, `[indices.length, imageSize, imageSize, 3]`, in the order of the sources. */
  readonly images: Uint8Array
  /** The number of each image's source, ascending: all sources but the broken ones. */
  readonly indices: readonly number[]
  /** Size of each picture as it is looked at, in pixels, before cropping and resizing. */
  readonly sizes: readonly { readonly width: number; readonly height: number }[]
  /** In the order of the sources. */
  readonly broken: readonly BrokenImage[]
}

export interface DecodeOptions {
  /** Side of the images in pixels; an integer from 1. */
  readonly imageSize: number
  /** Hears of each picture that is done, broken ones included. */
  readonly onProgress?: (done: number, total: number) => void
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Raise it when the pixels that come out change: they are kept under this number. */
export const DECODER_VERSION = 1

const WHITE = '#ffffff'
/** EXIF orientations from here on lie on their side. */
const FIRST_TURNED = 5
const MAX_REASON_LENGTH = 200

// Each holds one file and what of it is decoded, so this bounds memory. The two more than cores read while others decode.
const lanes = (): number => Math.min(16, availableParallelism() + 2)

/** This picture is broken: listed, where any other error ends the whole. */
class Broken extends Error {}

const broken = (error: unknown): never => {
  const text = error instanceof Error ? error.message : String(error)
  throw new Broken(text.trim().replace(/\s+/g, ' ').slice(0, MAX_REASON_LENGTH), { cause: error })
}

interface Picture {
  /** `[imageSize, imageSize, 3]`. */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
}

/** Size of the upright picture, from its header: nothing is decoded yet. */
async function sizeOf(sharp: SharpConstructor, bytes: Uint8Array): Promise<{ width: number; height: number }> {
  if (bytes.length === 0) broken('the file is empty')
  if (bytes.length > MAX_IMAGE_BYTES) broken(`the file has ${bytes.length} bytes, more than ${MAX_IMAGE_BYTES}`)
  if (imageTypeOf(bytes) === null) broken('neither JPEG, PNG, WebP nor GIF')
  // Its own limit is off, so that the words are ours.
  const { width, height, orientation = 1 } = await sharp(bytes, { limitInputPixels: false }).metadata().catch(broken)
  if (width * height > MAX_IMAGE_PIXELS) broken(`${width} × ${height} pixels, more than ${MAX_IMAGE_PIXELS}`)
  return orientation < FIRST_TURNED ? { width, height } : { width: height, height: width }
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
    const isInside = crop.left + crop.width <= size.width && crop.top + crop.height <= size.height
    if (!isInside) broken(`${size.width} × ${size.height} pixels, so that the part to take lies outside`)
    picture = picture.extract({ left: crop.left, top: crop.top, width: crop.width, height: crop.height })
  }
  const { width, height } = crop ?? size
  const { fit, kernel } = preprocessingOf(imageSize)
  // Shrinking inside the JPEG decoder would be faster, but gives other pixels than resizing the picture.
  if (width !== imageSize || height !== imageSize)
    picture = picture.resize(imageSize, imageSize, { fit, kernel, fastShrinkOnLoad: false })
  const pixels = await picture.toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer().catch(broken)
  if (pixels.length !== imageSize * imageSize * CHANNELS) broken('a picture of unknown colours')
  return { pixels, ...size }
}

/** Runs `work` for 0 … count - 1, some at a time. After an error no more is begun, and what was begun has ended. */
async function forEach(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  const stopAll = (error: unknown): never => {
    next = count
    throw error
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes() }, () => lane().catch(stopAll)))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}

/**
 * Decodes pictures, on all cores, to RGB of `imageSize` × `imageSize`: stretched to fill by Lanczos 3, to the byte as the demo
 * prepares a dropped picture. JPEG, PNG, WebP and GIF (of an animation the first picture), known by their first bytes, not by
 * their names; turned upright as their EXIF says; transparency on white; grey and CMYK become RGB, 16 bits become 8. Files of more
 * than MAX_IMAGE_BYTES or MAX_IMAGE_PIXELS, damaged and cut off ones are listed as broken. Rejects with what a `read` rejects
 * with, with the signal's reason, and with DatasetError `E_OPTION` when the pixels would exceed MAX_SET_BYTES.
 */
export async function decodeImages(
  sources: readonly ImageSource[],
  { imageSize, onProgress, signal }: DecodeOptions,
): Promise<Decoded> {
  signal?.throwIfAborted()
  // Loaded when first needed: sharp is native code.
  const { default: sharp } = await import('sharp')
  const sizeBytes = imageSize * imageSize * CHANNELS
  const images = allocatePixels(sources.length, imageSize)
  const results: ({ width: number; height: number } | BrokenImage)[] = []
  let done = 0
  await forEach(sources.length, async (index) => {
    const source = sources[index] as ImageSource
    try {
      const { pixels, ...size } = await decode(sharp, await source.read(), source.crop, imageSize)
      images.set(pixels, index * sizeBytes)
      results[index] = size
    } catch (error) {
      if (!(error instanceof Broken)) throw error
      results[index] = { name: source.name, reason: error.message }
    }
    signal?.throwIfAborted()
    onProgress?.(++done, sources.length)
  })
  return withoutBroken(images, results, sizeBytes)
}

/** Moves the images together over the gaps that broken ones left. */
function withoutBroken(
  images: Uint8Array,
  results: readonly (Decoded['sizes'][number] | BrokenImage)[],
  sizeBytes: number,
): Decoded {
  const [indices, sizes, listed]: [number[], Decoded['sizes'][number][], BrokenImage[]] = [[], [], []]
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
