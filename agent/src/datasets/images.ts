import { createHash } from 'node:crypto'
import { DatasetError } from './errors.ts'
import type { LabelledImages, PetInput, Preprocessing } from './types.ts'

/** Channels of every image: red, green, blue. */
export const CHANNELS = 3 as const

/** Bytes of one image, `[imageSize, imageSize, 3]`. */
export const pixelBytes = (imageSize: number): number => imageSize * imageSize * CHANNELS

/** Most classes of a set: labels are bytes. */
export const MAX_CLASSES = 256

/** Largest set kept in memory, in bytes (60,000 images of 133 × 133). */
export const MAX_SET_BYTES = 3 * 2 ** 30

const HASH_PIECE_BYTES = 2 ** 26

/** What the demo must do to a picture of any size so that the model sees it as in training. */
export const preprocessingOf = (imageSize: number, input: PetInput = 'uncropped'): Preprocessing => ({
  imageSize,
  fit: 'fill',
  kernel: 'lanczos3',
  ...(input === 'cropped' ? { input } : {}),
})

/**
 * Shared memory for `count` images `[imageSize, imageSize, 3]`. Throws DatasetError `E_OPTION` when it would exceed
 * MAX_SET_BYTES.
 */
export function allocatePixels(count: number, imageSize: number): Uint8Array {
  const sizeBytes = count * pixelBytes(imageSize)
  if (sizeBytes > MAX_SET_BYTES) {
    const largest = Math.floor(Math.sqrt(MAX_SET_BYTES / CHANNELS / count))
    throw new DatasetError('E_OPTION', 'imageSize', `at most ${largest} for ${count} images`, String(imageSize))
  }
  return new Uint8Array(new SharedArrayBuffer(sizeBytes))
}

/** Shared memory for `count` images and their labels. Throws as allocatePixels does. */
export function allocateImages(count: number, imageSize: number): { images: Uint8Array; labels: Uint8Array } {
  return { images: allocatePixels(count, imageSize), labels: new Uint8Array(new SharedArrayBuffer(count)) }
}

/**
 * SHA-256, hex, over one line of JSON (layout version, shape, class names), the labels as bytes, and the pixels. Images are
 * `[count, imageSize, imageSize, 3]`.
 */
export function fingerprintOf(
  images: Uint8Array,
  labels: Uint8Array,
  imageSize: number,
  classNames: readonly string[],
): string {
  const shape = [labels.length, imageSize, imageSize, CHANNELS]
  const hash = createHash('sha256').update(`${JSON.stringify({ layout: 'pawprint-images-1', shape, classNames })}\n`)
  hash.update(labels)
  for (let at = 0; at < images.length; at += HASH_PIECE_BYTES) hash.update(images.subarray(at, at + HASH_PIECE_BYTES))
  return hash.digest('hex')
}

/** Joins filled memory to one labelled set, and names it by its fingerprint. */
export function labelledImages(
  { images, labels }: { readonly images: Uint8Array; readonly labels: Uint8Array },
  imageSize: number,
  classNames: readonly string[],
  input?: PetInput,
): LabelledImages {
  return {
    images,
    labels,
    height: imageSize,
    width: imageSize,
    channels: CHANNELS,
    classCount: classNames.length,
    preprocessing: preprocessingOf(imageSize, input),
    fingerprint: fingerprintOf(images, labels, imageSize, classNames),
  }
}

/**
 * Puts images into another order, in place: the image that was `order[n]`th becomes the nth. `order` holds each number once.
 * One image is kept aside at a time, because a copy of all could double the memory of a large set.
 */
export function arrange(pixels: Uint8Array, sizeBytes: number, order: readonly number[]): void {
  const isPlaced = new Uint8Array(order.length)
  const imageAt = (index: number): Uint8Array => pixels.subarray(index * sizeBytes, (index + 1) * sizeBytes)
  for (const start of order.keys()) {
    if (isPlaced[start] === 1) continue
    const aside = imageAt(start).slice()
    let at = start
    for (let from = order[at] as number; from !== start; from = order[at] as number) {
      imageAt(at).set(imageAt(from))
      isPlaced[at] = 1
      at = from
    }
    imageAt(at).set(aside)
    isPlaced[at] = 1
  }
}
