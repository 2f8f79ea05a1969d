import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { ABANDONED_AFTER_MS } from '../archives/partial.ts'
import type { PictureSize } from './decode.ts'
import { imagesAtOnce, writeHead } from './pack.ts'
import { loadPack, readKeys } from './readPack.ts'

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
const folderOf = ({ root, decoder, imageSize }: CacheSettings): string => join(root, decoder, String(imageSize))

const missingIsNull = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT') return null
  throw error
}

/** What is in a folder; nothing in one that is not there, or is a file. */
const namesIn = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  return names.sort()
}

/** Calls `visit` with one pack after the other, until it says that no more are needed. */
async function eachPack(
  settings: CacheSettings,
  visit: (file: FileHandle, path: string) => Promise<{ readonly isDone: boolean }>,
): Promise<void> {
  const folder = folderOf(settings)
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(PACK)) continue
    const path = join(folder, name)
    const file = await open(path, 'r').catch(missingIsNull)
    if (!file) continue
    try {
      if ((await visit(file, path)).isDone) break
    } finally {
      await file.close()
    }
  }
}

/** The keys of all images that are kept, as far as their packs' heads are whole. */
export async function keptKeys(settings: CacheSettings): Promise<ReadonlySet<string>> {
  const keys = new Set<string>()
  await eachPack(settings, async (file) => {
    for (const key of await readKeys(file, settings.imageSize)) keys.add(key)
    return { isDone: false }
  })
  return keys
}

/**
 * Copies the images that are kept under `keys` (SHA-256 of their files, hex; null is not asked for) into `target`, `[keys.length, imageSize,
 * imageSize, 3]`, each after its checksum was compared. Answers the original sizes, null for what is not kept. A damaged pack is removed.
 */
export async function loadPixels(
  settings: CacheSettings,
  keys: readonly (string | null)[],
  target: Uint8Array,
  nowMs: number,
): Promise<(PictureSize | null)[]> {
  const sizes: (PictureSize | null)[] = keys.map(() => null)
  const wanted = new Map<string, number[]>()
  for (const [index, key] of keys.entries()) {
    if (key === null) continue
    const indices = wanted.get(key)
    if (indices) indices.push(index)
    else wanted.set(key, [index])
  }
  await eachPack(settings, async (file, path) => {
    const before = wanted.size
    const isWhole = await loadPack(file, settings.imageSize, wanted, target, sizes)
    if (!isWhole) await rm(path, { force: true })
    else if (wanted.size < before) await utimes(path, nowMs / 1000, nowMs / 1000).catch(missingIsNull)
    return { isDone: wanted.size === 0 }
  })
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
