import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { pixelBytes } from '../images.ts'
import type { PictureSize } from './decode.ts'
import { countOf, headBytes, imagesAtOnce, type PackRow, readHead, START_BYTES } from './pack.ts'

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
  const start = new Uint8Array(START_BYTES)
  if (!(await readFully(file, start, 0))) return null
  const count = countOf(start, (await file.stat()).size, imageSize)
  if (count === null) return null
  const head = new Uint8Array(headBytes(count))
  return (await readFully(file, head, 0)) ? readHead(head) : null
}

/** The keys of a pack's images; none when its head is damaged. */
export async function readKeys(file: FileHandle, imageSize: number): Promise<readonly string[]> {
  return ((await rowsOf(file, imageSize)) ?? []).map(({ key }) => key)
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

/**
 * Fills in from one pack what it has of the wanted images, each after its checksum was compared, and takes those off the list.
 * `wanted` says for a key which images of `target` and `sizes` are to be filled. False: the pack is damaged.
 */
export async function loadPack(
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
