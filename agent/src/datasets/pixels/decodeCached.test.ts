import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pictureOf, sourceOf } from '../testing/testPictures.ts'
import { decodeImages } from './decode.ts'
import { decodeCached, decoderName, type KeyedSource } from './decodeCached.ts'
import type { CacheSettings } from './pixelCache.ts'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'decoded-'))
})
afterEach(() => rm(root, { recursive: true }))

const cacheAt = (folder: string): CacheSettings => ({ root: folder, decoder: 'd', imageSize: 8, maxBytes: 2 ** 30 })
const keyed = (name: string, bytes: Uint8Array): KeyedSource => ({
  ...sourceOf(bytes, name),
  key: createHash('sha256').update(bytes).digest('hex'),
})
const unread = ({ name, key }: KeyedSource): KeyedSource => ({
  name,
  key,
  read: () => Promise.reject(new Error(`${name} is decoded again`)),
})

async function someFiles(): Promise<Uint8Array[]> {
  const encoded = [1, 2, 3, 4].map((seed) =>
    pictureOf(seed, 20 + seed, 30)
      .jpeg()
      .toBuffer(),
  )
  return [...(await Promise.all(encoded)), Buffer.from('no picture'), await pictureOf(9, 8, 8).png().toBuffer()]
}

test('with a cache, without one, and out of it: the same images, sizes and broken ones', async () => {
  const files = await someFiles()
  const sources = files.map((bytes, n) => keyed(`${n}`, bytes))
  const expected = { ...(await decodeImages(sources, { imageSize: 8 })), cacheProblem: null }
  expect(await decodeCached(sources, { imageSize: 8 }, null, 0)).toEqual(expected)
  const cache = cacheAt(root)
  expect(await decodeCached(sources, { imageSize: 8 }, cache, 0)).toEqual(expected)
  const progress: [number, number][] = []
  const onProgress = (done: number, total: number): number => progress.push([done, total])
  const again = sources.map((source, n) => (n === 4 ? source : unread(source)))
  expect(await decodeCached(again, { imageSize: 8, onProgress }, cache, 0)).toEqual(expected)
  expect(progress).toEqual([[6, 6]])
})

test('of a changed folder only what is new is decoded, and the order is that of the sources', async () => {
  const [a, b, c, d] = (await someFiles()).map((bytes, n) => keyed(`${n}`, bytes)) as [
    KeyedSource,
    KeyedSource,
    KeyedSource,
    KeyedSource,
  ]
  const cache = cacheAt(root)
  await decodeCached([a, c], { imageSize: 8 }, cache, 0)
  const reads: string[] = []
  const told = (source: KeyedSource): KeyedSource => ({
    ...source,
    read: () => {
      reads.push(source.name)
      return source.read()
    },
  })
  const mixed = await decodeCached([d, c, b, a, c].map(told), { imageSize: 8 }, cache, 0)
  expect(reads.sort()).toEqual(['1', '3'])
  expect(mixed.images).toEqual((await decodeImages([d, c, b, a, c], { imageSize: 8 })).images)
})

test('what was decoded before it ended early is kept', async () => {
  // 32 MiB, after which images are kept, hold one image of this size.
  const big = { imageSize: 2400 }
  const cache = { ...cacheAt(root), ...big }
  const [first, second] = (await someFiles()).map((bytes, n) => keyed(`${n}`, bytes)) as [KeyedSource, KeyedSource]
  await expect(decodeCached([first, unread(second)], big, cache, 0)).rejects.toThrow('1 is decoded again')
  const kept = await decodeCached([unread(first)], big, cache, 0)
  expect(kept.sizes).toEqual([{ width: 21, height: 30 }])
})

test('where nothing can be kept, images are decoded all the same, and it says why', async () => {
  const file = join(root, 'file')
  await writeFile(file, '')
  const sources = (await someFiles()).map((bytes, n) => keyed(`${n}`, bytes))
  const { cacheProblem, ...decoded } = await decodeCached(sources, { imageSize: 8 }, cacheAt(file), 0)
  expect(decoded).toEqual(await decodeImages(sources, { imageSize: 8 }))
  expect(cacheProblem).toMatch(/ENOTDIR/)
})

test('the decoder has one name here, fit for a folder', async () => {
  expect(await decoderName()).toMatch(/^[0-9a-f]{16}$/)
  expect(await decoderName()).toBe(await decoderName())
})
