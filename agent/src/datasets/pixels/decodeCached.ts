import { createHash } from 'node:crypto'
import { allocatePixels, pixelBytes } from '../images.ts'
import {
  DECODER_VERSION,
  type Decoded,
  type DecodeOptions,
  type DecodeResult,
  decodeInto,
  type ImageSource,
  imagesOf,
  type PictureSize,
  withoutBroken,
} from './decode.ts'
import { type CacheSettings, type KeptImage, keptKeys, loadPixels, savePixels } from './pixelCache.ts'

/** One picture; the whole of it, since a part would need another key than what is in its file. */
export type WholeSource = Pick<ImageSource, 'name' | 'read'>

export interface CachedDecoded extends Decoded {
  /** SHA-256, hex, of the file of each image. */
  readonly keys: readonly string[]
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

/** A cache that the system may refuse, by a full disk or a closed folder: from then on it is as good as none, and `problem` says why. */
interface Cache {
  keys(): Promise<ReadonlySet<string>>
  load(keys: readonly (string | null)[], target: Uint8Array): Promise<readonly (PictureSize | null)[]>
  save(images: readonly KeptImage[]): Promise<void>
  problem: string | null
}

function openCache(settings: CacheSettings | null, nowMs: number): Cache {
  async function use<T>(work: (settings: CacheSettings) => Promise<T>, without: T): Promise<T> {
    if (settings === null || cache.problem !== null) return without
    return work(settings).catch((error: unknown) => {
      if (!isSystemError(error)) throw error
      cache.problem = error.message
      return without
    })
  }
  const cache: Cache = {
    problem: null,
    keys: () => use<ReadonlySet<string>>(keptKeys, new Set()),
    load: (keys, target) => use<(PictureSize | null)[]>((from) => loadPixels(from, keys, target, nowMs), []),
    save: (images) => use((to) => savePixels(to, images, nowMs), undefined),
  }
  return cache
}

/** What is decoded: all sources, the memory of all images, and what has become of each so far; null: nothing yet. */
interface Work {
  readonly sources: readonly WholeSource[]
  readonly imageOf: (index: number) => Uint8Array
  readonly results: DecodeResult[]
  readonly keys: string[]
}

/** Decodes some of the sources, but what has its key among `known`: one read gives both key and pixels. */
async function decodePiece(
  { sources, imageOf, results, keys }: Work,
  piece: readonly number[],
  known: ReadonlySet<string>,
  options: DecodeOptions,
): Promise<KeptImage[]> {
  const read = (index: number) => async (): Promise<Uint8Array | null> => {
    const bytes = await (sources[index] as WholeSource).read()
    const key = createHash('sha256').update(bytes).digest('hex')
    keys[index] = key
    return known.has(key) ? null : bytes
  }
  const wanted = piece.map((index) => ({ name: (sources[index] as WholeSource).name, read: read(index) }))
  const decoded = await decodeInto(wanted, (at) => imageOf(piece[at] as number), options)
  const fresh: KeptImage[] = []
  for (const [at, result] of decoded.entries()) {
    const index = piece[at] as number
    results[index] = result
    if (result && !('reason' in result)) fresh.push({ ...result, key: keys[index] as string, pixels: imageOf(index) })
  }
  return fresh
}

/** Decodes some of the sources in pieces, and keeps what is new once there is enough of it. */
async function decodeAll(
  work: Work,
  indices: readonly number[],
  known: ReadonlySet<string>,
  cache: Cache,
  { onProgress, ...options }: DecodeOptions,
): Promise<void> {
  const total = work.sources.length
  const length = Math.max(1, Math.floor(PIECE_BYTES / pixelBytes(options.imageSize)))
  let fresh: KeptImage[] = []
  for (let start = 0; start < indices.length; start += length) {
    const before = total - indices.length + start
    const heard = (done: number): void => onProgress?.(before + done, total)
    const piece = await decodePiece(work, indices.slice(start, start + length), known, {
      ...options,
      onProgress: heard,
    })
    fresh = fresh.concat(piece)
    if (fresh.length < length && start + length < indices.length) continue
    if (fresh.length > 0) await cache.save(fresh)
    fresh = []
  }
}

/**
 * Decodes as decodeImages does, but takes what the cache has from there, and keeps the rest there. Without `settings` there is no cache. What
 * the system says against it is answered as `cacheProblem`. Each file is read once, and again where what was kept of it is damaged.
 */
export async function decodeCached(
  sources: readonly WholeSource[],
  options: DecodeOptions,
  settings: CacheSettings | null,
  nowMs: number,
): Promise<CachedDecoded> {
  const { imageSize } = options
  const images = allocatePixels(sources.length, imageSize)
  const work: Work = {
    sources,
    imageOf: imagesOf(images, imageSize),
    results: sources.map(() => null),
    keys: sources.map(() => ''),
  }
  const cache = openCache(settings, nowMs)
  const isMissing = (index: number): boolean => work.results[index] === null
  await decodeAll(work, [...sources.keys()], await cache.keys(), cache, options)
  const kept = [...sources.keys()].filter(isMissing)
  if (kept.length > 0) {
    const wanted = work.keys.map((key, index) => (isMissing(index) ? key : null))
    const loaded = await cache.load(wanted, images)
    for (const index of kept) work.results[index] = loaded[index] ?? null
    await decodeAll(work, kept.filter(isMissing), new Set(), cache, options)
  }
  const decoded = withoutBroken(images, work.results, imageSize)
  const keys = decoded.indices.map((index) => work.keys[index] as string)
  return { ...decoded, keys, cacheProblem: cache.problem }
}
