import { filesOf, type Part, type Place } from '../archives/parts.ts'
import { allocatePixels, pixelBytes } from '../images.ts'
import { type BrokenImage, type Crop, decodeImages, type ImageSource } from '../pixels/decode.ts'
import type { ImageFile } from '../types.ts'

// Decoded together, so that all cores have work; as many bytes and no more are held of an archive at a time.
const MAX_BATCH_IMAGES = 256
const MAX_BATCH_BYTES = 32 * 2 ** 20

/** A photograph of a list. */
export interface Wish {
  /** File name below the part's folder, with its ending. */
  readonly name: string
  readonly crop?: Crop
}

/** Those of the photographs that were there and could be decoded. */
export interface Photographs {
  /** `[files.length, imageSize, imageSize, 3]`, shared memory, in the order of `files`. */
  readonly pixels: Uint8Array
  readonly files: readonly ImageFile[]
  readonly broken: readonly BrokenImage[]
}

export interface ReadOptions {
  readonly imageSize: number
  /** Largest file accepted, in bytes. */
  readonly maxBytes: number
  /** Hears how many photographs are done. */
  readonly onDone: (done: number) => void
  readonly signal?: AbortSignal | undefined
}

/** Sources in handfuls that memory has room for. */
async function* inBatches(
  place: Place,
  part: Part,
  wishes: ReadonlyMap<string, Wish>,
  { maxBytes, signal }: ReadOptions,
): AsyncGenerator<readonly ImageSource[], void, undefined> {
  let [batch, heldBytes]: [ImageSource[], number] = [[], 0]
  for await (const { name, sizeBytes, read } of filesOf(
    place,
    { part, names: new Set(wishes.keys()), maxBytes },
    signal,
  )) {
    const crop = wishes.get(name)?.crop
    batch.push({ name, read, ...(crop ? { crop } : {}) })
    heldBytes += sizeBytes
    if (batch.length < MAX_BATCH_IMAGES && heldBytes < MAX_BATCH_BYTES) continue
    yield batch
    ;[batch, heldBytes] = [[], 0]
  }
  if (batch.length > 0) yield batch
}

/**
 * Reads photographs one after the other, as they come, and decodes them; what is missing or broken is left out. Throws DatasetError
 * `E_OPTION` when the pixels would exceed MAX_SET_BYTES, `E_FORMAT` for a broken archive, and the signal's reason.
 */
export async function readPhotographs(
  place: Place,
  part: Part,
  wishes: readonly Wish[],
  options: ReadOptions,
): Promise<Photographs> {
  const { imageSize, onDone, signal } = options
  const pixels = allocatePixels(wishes.length, imageSize)
  const sizeBytes = pixelBytes(imageSize)
  const [files, broken]: [ImageFile[], BrokenImage[]] = [[], []]
  for await (const batch of inBatches(place, part, new Map(wishes.map((wish) => [wish.name, wish])), options)) {
    const done = files.length + broken.length
    const decoded = await decodeImages(batch, {
      imageSize,
      onProgress: (more) => onDone(done + more),
      ...(signal ? { signal } : {}),
    })
    pixels.set(decoded.images, files.length * sizeBytes)
    for (const [at, index] of decoded.indices.entries()) {
      const { width, height } = decoded.sizes[at] as { width: number; height: number }
      files.push({ name: (batch[index] as ImageSource).name, width, height })
    }
    broken.push(...decoded.broken)
  }
  return { pixels: pixels.subarray(0, files.length * sizeBytes), files, broken }
}
