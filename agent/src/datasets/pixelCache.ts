import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { PictureSize } from './decode.ts'
import { countOf, headBytes, type PackRow, pixelBytes, readHead, writeHead } from './pack.ts'
import { ABANDONED_AFTER_MS } from './partial.ts'

/** Where decoded images are kept, and how many bytes of them over all. */
export interface CacheSettings {
  /** Only for the cache; its folders are `DECODER/IMAGESIZE`. */
  readonly root: string
  /** Names what decodes: with another one, other pixels may come out. A folder's name. */
  readonly decoder: string
  readonly imageSize: number
  /** Of all folders below `root`; beyond it, packs go that were not used for longest. */
  readonly maxBytes: number
}

const PACK = '.pack'
const UNFINISHED = '.tmp'
/** Read or written at once, so that others get their turn. */
const BYTES_AT_ONCE = 4 * 2 ** 20

const folderOf = ({ root, decoder, imageSize }: CacheSettings): string => join(root, decoder, String(imageSize))

const imagesAtOnce = (imageSize: number): number => Math.max(1, Math.floor(BYTES_AT_ONCE / pixelBytes(imageSize)))

const missingIsNull = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

const namesIn = async (folder: string): Promise<string[]> => ((await readdir(folder).catch(missingIsNull)) ?? []).sort()

/** Fills `target` from its start; false when the file ends before. */
async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<boolean> {
  for (let at = 0; at < target.length; ) {
    const { bytesRead } = await file.read(target, at, target.length - at, position + at)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return true
}

async function rowsOf(file: FileHandle, imageSize: number): Promise<PackRow[] | null> {
  const start = new Uint8Array(16)
  if (!(await readFully(file, start, 0))) return null
  const count = countOf(start, (await file.stat()).size, imageSize)
  if (count === null) return null
  const head = new Uint8Array(headBytes(count))
  return (await readFully(file, head, 0)) ? readHead(head) : null
}

/** Images that lie one after the other both in a pack and in memory: one read. */
interface Run {
  readonly row: number
  readonly index: number
  count: number
}

function runsOf(rows: readonly PackRow[], wanted: ReadonlyMap<string, readonly number[]>, atMost: number): Run[] {
  const runs: Run[] = []
  for (const [row, { key }] of rows.entries())
    for (const index of wanted.get(key) ?? []) {
      const last = runs.at(-1)
      const isNext = last && last.row + last.count === row && last.index + last.count === index
      if (isNext && last.count < atMost) last.count++
      else runs.push({ row, index, count: 1 })
    }
  return runs
}

/** Fills in from one pack what it has of the wanted images, and takes those off the list. False: the pack is damaged. */
async function loadPack(
  file: FileHandle,
  imageSize: number,
  wanted: Map<string, readonly number[]>,
  target: Uint8Array,
  sizes: (PictureSize | null)[],
): Promise<boolean> {
  const rows = await rowsOf(file, imageSize)
  if (!rows) return false
  const sizeBytes = pixelBytes(imageSize)
  const runs = runsOf(rows, wanted, imagesAtOnce(imageSize))
  for (const { row, index, count } of runs) {
    const pixels = target.subarray(index * sizeBytes, (index + count) * sizeBytes)
    if (!(await readFully(file, pixels, headBytes(rows.length) + row * sizeBytes))) return false
    for (let at = 0; at < count; at++) {
      const { crc, width, height } = rows[row + at] as PackRow
      if (crc32(pixels.subarray(at * sizeBytes, (at + 1) * sizeBytes)) !== crc) return false
      sizes[index + at] = { width, height }
    }
  }
  for (const { key } of rows) wanted.delete(key)
  return true
}

/**
 * Copies the images that are kept under `keys` (SHA-256 of their files, hex) into `target`, `[keys.length, imageSize,
 * imageSize, 3]`, each after its checksum was compared. Answers the original sizes, null for what is not kept. A damaged pack is removed.
 */
export async function loadPixels(
  settings: CacheSettings,
  keys: readonly string[],
  target: Uint8Array,
  nowMs: number,
): Promise<(PictureSize | null)[]> {
  const sizes: (PictureSize | null)[] = keys.map(() => null)
  const wanted = new Map<string, number[]>()
  for (const [index, key] of keys.entries()) {
    const indices = wanted.get(key)
    if (indices) indices.push(index)
    else wanted.set(key, [index])
  }
  const folder = folderOf(settings)
  for (const name of await namesIn(folder)) {
    if (wanted.size === 0) break
    if (!name.endsWith(PACK)) continue
    const path = join(folder, name)
    const file = await open(path, 'r').catch(missingIsNull)
    if (!file) continue
    const before = wanted.size
    try {
      const isWhole = await loadPack(file, settings.imageSize, wanted, target, sizes)
      if (!isWhole) await rm(path, { force: true })
      else if (wanted.size < before) await utimes(path, nowMs / 1000, nowMs / 1000).catch(missingIsNull)
    } finally {
      await file.close()
    }
  }
  return sizes
}

/** An image to keep, and the key that it is asked for by. */
export interface KeptImage extends PictureSize {
  readonly key: string
  /** `[imageSize, imageSize, 3]`. */
  readonly pixels: Uint8Array
}

async function writePack(path: string, images: readonly KeptImage[], imageSize: number): Promise<void> {
  const rows = images.map(({ pixels, ...facts }) => ({ ...facts, crc: crc32(pixels) }))
  const file = await open(path, 'wx')
  try {
    await file.writeFile(writeHead(rows, imageSize))
    const atOnce = imagesAtOnce(imageSize)
    for (let start = 0; start < images.length; start += atOnce)
      await file.writeFile(Buffer.concat(images.slice(start, start + atOnce).map(({ pixels }) => pixels)))
  } finally {
    await file.close()
  }
}

/**
 * Keeps images as one file more: nothing that is there changes, so processes need not wait for each other, and one that dies
 * leaves a file that counts for nothing. Then frees what is over the bound.
 */
export async function savePixels(settings: CacheSettings, images: readonly KeptImage[], nowMs: number): Promise<void> {
  const folder = folderOf(settings)
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${randomBytes(12).toString('hex')}${PACK}`)
  const unfinished = `${path}${UNFINISHED}`
  try {
    await writePack(unfinished, images, settings.imageSize)
    await utimes(unfinished, nowMs / 1000, nowMs / 1000)
    // Rename is atomic. Not flushed to the disk before: checksums find what a power cut left of it.
    await rename(unfinished, path)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await freeSpace(settings, nowMs)
}

/** Removes what processes that died left unfinished, and the packs not used for longest until the rest is within the bound. */
async function freeSpace({ root, maxBytes }: CacheSettings, nowMs: number): Promise<void> {
  const packs: { path: string; sizeBytes: number; usedMs: number }[] = []
  for (const decoder of await namesIn(root))
    for (const size of await namesIn(join(root, decoder)))
      for (const name of await namesIn(join(root, decoder, size))) {
        const path = join(root, decoder, size, name)
        const facts = await stat(path).catch(missingIsNull)
        if (!facts) continue
        if (name.endsWith(PACK)) packs.push({ path, sizeBytes: facts.size, usedMs: facts.mtimeMs })
        else if (name.endsWith(UNFINISHED) && nowMs - facts.mtimeMs > ABANDONED_AFTER_MS)
          await rm(path, { force: true })
      }
  packs.sort((a, b) => b.usedMs - a.usedMs)
  let kept = 0
  for (const { path, sizeBytes } of packs) {
    kept += sizeBytes
    if (kept > maxBytes) await rm(path, { force: true })
  }
}
