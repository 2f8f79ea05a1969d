import { createHash } from 'node:crypto'
import { allocatePixels, pixelBytes } from '../images.ts'
import {
  type BrokenImage,
  DECODER_VERSION,
  type Decoded,
  type DecodeOptions,
  decodeInto,
  type ImageSource,
  imagesOf,
  type PictureSize,
  withoutBroken,
} from './decode.ts'
import { type CacheSettings, type KeptImage, loadPixels, savePixels } from './pixelCache.ts'

/** One picture by what is in its file; the whole of it, since a part would need another key. */
export interface KeyedSource extends Pick<ImageSource, 'name' | 'read'> {
  /** SHA-256 of its file, hex. */
  readonly key: string
}

export interface CachedDecoded extends Decoded {
  /** Why images could not be kept or read back, when that failed: they were decoded all the same. */
  readonly cacheProblem: string | null
}

/** Bytes decoded before they are kept: as much is lost when the process dies. */
const PIECE_BYTES = 32 * 2 ** 20

/** Name of what decodes here, for the cache: other versions of the libraries may give other pixels. */
export async function decoderName(): Promise<string> {
  const { default: sharp } = await import('sharp')
  const facts = JSON.stringify([DECODER_VERSION, process.arch, sharp.versions])
  return createHash('sha256').update(facts).digest('hex').slice(0, 16)
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'

/** Does without the cache where the system refuses it: full disk, closed folder. Gives null then. */
async function unlessRefused<T>(work: Promise<T>, problems: string[]): Promise<T | null> {
  return work.catch((error: unknown) => {
    if (!isSystemError(error)) throw error
    problems.push(error.message)
    return null
  })
}

/**
 * Decodes as decodeImages does, but takes what `cache` has from there, and keeps the rest there. Null: there is no cache. What the
 * system says against the cache is answered as `cacheProblem`.
 */
export async function decodeCached(
  sources: readonly KeyedSource[],
  { imageSize, onProgress, signal }: DecodeOptions,
  cache: CacheSettings | null,
  nowMs: number,
): Promise<CachedDecoded> {
  const images = allocatePixels(sources.length, imageSize)
  const imageOf = imagesOf(images, imageSize)
  const problems: string[] = []
  const keys = sources.map(({ key }) => key)
  const loaded = cache && (await unlessRefused(loadPixels(cache, keys, images, nowMs), problems))
  const results: (PictureSize | BrokenImage | null)[] = loaded ?? sources.map(() => null)
  const missing = [...sources.keys()].filter((index) => results[index] === null)
  const before = sources.length - missing.length
  const piece = Math.max(1, Math.floor(PIECE_BYTES / pixelBytes(imageSize)))
  for (let start = 0; start < missing.length; start += piece) {
    const wanted = missing.slice(start, start + piece)
    const decoded = await decodeInto(
      wanted.map((index) => sources[index] as KeyedSource),
      (at) => imageOf(wanted[at] as number),
      { imageSize, signal, onProgress: (done) => onProgress?.(before + start + done, sources.length) },
    )
    const kept: KeptImage[] = []
    for (const [at, result] of decoded.entries()) {
      const index = wanted[at] as number
      results[index] = result
      if (!('reason' in result)) kept.push({ ...result, key: keys[index] as string, pixels: imageOf(index) })
    }
    if (cache && problems.length === 0 && kept.length > 0) await unlessRefused(savePixels(cache, kept, nowMs), problems)
  }
  const complete = results.filter((result) => result !== null)
  return { ...withoutBroken(images, complete, imageSize), cacheProblem: problems[0] ?? null }
}
