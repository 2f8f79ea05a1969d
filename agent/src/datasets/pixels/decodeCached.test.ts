import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pictureOf, sourceOf } from '../testing/testPictures.ts'
import { decodeImages } from './decode.ts'
import { decodeCached, decoderName } from './decodeCached.ts'
import type { CacheSettings } from './pixelCache.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'decoded-'))
})
afterEach(() => rm(root, { recursive: true }))

const cacheAt = (folder: string): CacheSettings => ({ root: folder, decoder: 'd', imageSize: 8, maxBytes: 2 ** 30 })
const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
/** Decodes by a cache, and tells how many pictures were decoded. */
async function counted(files: readonly Uint8Array[], cache: CacheSettings | null) {
  const progress: [number, number][] = []
  const onProgress = (done: number, total: number): number => progress.push([done, total])
  const sources = files.map((bytes, n) => sourceOf(bytes, `${n}`))
  return { decoded: await decodeCached(sources, { imageSize: cache?.imageSize ?? 8, onProgress }, cache, 0), progress }
}

async function someFiles(): Promise<Uint8Array[]> {
  const encoded = [1, 2, 3, 4].map((seed) =>
    pictureOf(seed, 20 + seed, 30)
      .jpeg()
      .toBuffer(),
  )
  return [...(await Promise.all(encoded)), Buffer.from('no picture'), await pictureOf(9, 8, 8).png().toBuffer()]
}

test('with a cache, without one, and out of it: the same images, sizes, broken ones and keys', async () => {
  const files = await someFiles()
  const sources = files.map((bytes, n) => sourceOf(bytes, `${n}`))
  const keys = [0, 1, 2, 3, 5].map((n) => sha256Of(files[n] as Uint8Array))
  const expected = { ...(await decodeImages(sources, { imageSize: 8 })), keys, cacheProblem: null }
  expect((await counted(files, null)).decoded).toEqual(expected)
  const cache = cacheAt(root)
  const first = await counted(files, cache)
  expect(first.decoded).toEqual(expected)
  expect(first.progress).toEqual([1, 2, 3, 4, 5, 6].map((done) => [done, 6]))
  const again = await counted(files, cache)
  expect(again.decoded).toEqual(expected)
  // Only the broken one; the others are counted when their turn comes.
  expect(again.progress).toEqual([[expect.any(Number), 6]])
})

test('of a changed folder only what is new is decoded, and the order is that of the sources', async () => {
  const [a, b, c, d] = (await someFiles()) as [Buffer, Buffer, Buffer, Buffer]
  const cache = cacheAt(root)
  await counted([a, c], cache)
  const mixed = await counted([d, c, b, a, c], cache)
  expect(mixed.progress).toHaveLength(2)
  const all = [d, c, b, a, c].map((bytes) => sourceOf(bytes))
  expect(mixed.decoded.images).toEqual((await decodeImages(all, { imageSize: 8 })).images)
})

test('each file is read once; where what was kept of it is damaged, once more', async () => {
  const files = await someFiles()
  const cache = cacheAt(root)
  const { decoded } = await counted(files, cache)
  const reads: string[] = []
  const sources = files.map((bytes, n) => ({
    name: `${n}`,
    read: async () => {
      reads.push(`${n}`)
      return bytes
    },
  }))
  expect(await decodeCached(sources, { imageSize: 8 }, cache, 0)).toEqual(decoded)
  expect(reads.sort()).toEqual(['0', '1', '2', '3', '4', '5'])
  const folder = join(root, 'd', '8')
  const [pack = ''] = await readdir(folder)
  const bytes = await readFile(join(folder, pack))
  // The last image's last byte.
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  await writeFile(join(folder, pack), bytes)
  reads.length = 0
  expect(await decodeCached(sources, { imageSize: 8 }, cache, 0)).toEqual(decoded)
  expect(reads.filter((name) => name === '5')).toHaveLength(2)
  expect(reads.filter((name) => name === '4')).toHaveLength(1)
})

test('what was decoded before it ended early is kept', async () => {
  // 32 MiB, after which images are kept, hold one image of this size.
  const big = { imageSize: 2400 }
  const cache = { ...cacheAt(root), ...big }
  const [first] = (await someFiles()) as [Buffer]
  const gone = { name: '1', read: () => Promise.reject(new Error('the disk is gone')) }
  await expect(decodeCached([sourceOf(first), gone], big, cache, 0)).rejects.toThrow('the disk is gone')
  const kept = await counted([first], cache)
  expect(kept.progress).toEqual([])
  expect(kept.decoded.sizes).toEqual([{ width: 21, height: 30 }])
})

test('where nothing can be kept, images are decoded all the same, and it says why', async () => {
  const file = join(root, 'file')
  await writeFile(file, '')
  const sources = (await someFiles()).map((bytes, n) => sourceOf(bytes, `${n}`))
  const { cacheProblem, keys, ...decoded } = await decodeCached(sources, { imageSize: 8 }, cacheAt(file), 0)
  expect(decoded).toEqual(await decodeImages(sources, { imageSize: 8 }))
  expect(keys).toHaveLength(5)
  expect(cacheProblem).toMatch(/ENOTDIR/)
})

test('the decoder has one name here, fit for a folder', async () => {
  expect(await decoderName()).toMatch(/^[0-9a-f]{16}$/)
  expect(await decoderName()).toBe(await decoderName())
})
