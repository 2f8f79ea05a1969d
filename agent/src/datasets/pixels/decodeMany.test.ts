// Many pictures at once, broken ones among them.
import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, spoiled } from '../../../../protocol/src/testing/mutate.ts'
import { FOUR, handMadePng, pictureOf, R, raw, sourceOf, W } from '../testing/testPictures.ts'
import { decodeImages } from './decode.ts'

test.each<[string, RegExp, () => Uint8Array | Promise<Uint8Array>]>([
  ['nothing', /empty/, () => new Uint8Array()],
  ['text', /neither JPEG, PNG, WebP nor GIF/, () => Buffer.from('This is a cat.')],
  ['SVG', /neither/, () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
  [
    'half a PNG',
    /^damaged or cut off \(png\)$/,
    async () => (await pictureOf(1, 64, 64).png().toBuffer()).subarray(0, 4000),
  ],
  [
    'a JPEG without its end',
    /^damaged or cut off \(jpeg\)$/,
    async () => (await pictureOf(1, 64, 64).jpeg().toBuffer()).subarray(0, 1200),
  ],
  [
    'a PNG that claims 100,000 × 100,000',
    /100000 × 100000 pixels/,
    () => handMadePng(100_000, 100_000, new Uint8Array(10)),
  ],
  ['a PNG of one pixel above the limit', /40000001 × 1 pixels/, () => handMadePng(40_000_001, 1, new Uint8Array(10))],
  ['a file above the limit', /16777217 bytes/, () => new Uint8Array(MAX_IMAGE_BYTES + 1)],
])('%s is listed as broken, and the others are decoded', async (name, reason, make) => {
  const good = [
    await raw(FOUR, 2, 2).png().toBuffer(),
    await raw([...W, ...W, ...R, ...R], 2, 2)
      .png()
      .toBuffer(),
  ]
  const [first, last] = good.map((bytes) => sourceOf(bytes, 'good'))
  const sources = [first, sourceOf(await make(), name), last].filter((source) => source !== undefined)
  const { images, indices, broken } = await decodeImages(sources, { imageSize: 2 })
  expect([...images]).toEqual([...FOUR, ...W, ...W, ...R, ...R])
  expect(indices).toEqual([0, 2])
  expect(broken).toEqual([{ name, reason: expect.stringMatching(reason) }])
})

test.each([
  [1, 0, 2, 1],
  [0, 1, 1, 2],
  [-1, 0, 1, 1],
  [0, -1, 1, 1],
  [0, 0, 0, 1],
  [0, 0, 1, 0],
])('a crop at %i, %i of %i × %i in 2 × 2 pixels is listed as broken', async (left, top, width, height) => {
  const png = await raw(FOUR, 2, 2).png().toBuffer()
  const source = sourceOf(png, 'a', { left, top, width, height })
  const { images, broken } = await decodeImages([source], { imageSize: 2 })
  expect(images).toHaveLength(0)
  expect(broken).toEqual([{ name: 'a', reason: 'the part to take is not inside the 2 × 2 pixels' }])
})

test('many pictures keep their order; each is read once and counted once', async () => {
  const files = await Promise.all(Array.from({ length: 60 }, (_, n) => raw([n, n, n], 1, 1).png().toBuffer()))
  const reads = new Map<number, number>()
  const sources = files.map((bytes, n) => ({
    name: `${n}`,
    read: async () => {
      reads.set(n, (reads.get(n) ?? 0) + 1)
      return n % 10 === 3 ? new Uint8Array(1) : bytes
    },
  }))
  const progress: [number, number][] = []
  const { images, indices, broken } = await decodeImages(sources, {
    imageSize: 1,
    onProgress: (done, total) => progress.push([done, total]),
  })
  const kept = [...files.keys()].filter((n) => n % 10 !== 3)
  expect(indices).toEqual(kept)
  expect([...images]).toEqual(kept.flatMap((n) => [n, n, n]))
  expect(broken.map(({ name }) => name)).toEqual(['3', '13', '23', '33', '43', '53'])
  expect([...reads.values()]).toEqual(Array(60).fill(1))
  expect(progress).toEqual(Array.from({ length: 60 }, (_, n) => [n + 1, 60]))
})

test('no source gives an empty set', async () => {
  expect(await decodeImages([], { imageSize: 8 })).toEqual({
    images: new Uint8Array(),
    indices: [],
    sizes: [],
    broken: [],
  })
})

test('an error of read ends it, and no more is read', async () => {
  const bytes = await raw(FOUR, 2, 2).png().toBuffer()
  let reads = 0
  const sources = Array.from({ length: 200 }, () => ({
    name: 'a',
    read: async () => {
      if (++reads === 5) throw new Error('the disk is gone')
      return bytes
    },
  }))
  await expect(decodeImages(sources, { imageSize: 2 })).rejects.toThrow('the disk is gone')
  const before = reads
  expect(before).toBeLessThan(50)
  await new Promise(setImmediate)
  expect(reads).toBe(before)
})

test('aborting ends it with the reason', async () => {
  const bytes = await raw(FOUR, 2, 2).png().toBuffer()
  const abort = new AbortController()
  const onProgress = (done: number): void => (done === 3 ? abort.abort(new Error('enough')) : undefined)
  const sources = Array.from({ length: 200 }, () => sourceOf(bytes))
  await expect(decodeImages(sources, { imageSize: 2, onProgress, signal: abort.signal })).rejects.toThrow('enough')
})

test('pixels too large for memory are refused before anything is read', async () => {
  const source = { name: 'a', read: () => Promise.reject(new Error('read')) }
  const sources = Array.from({ length: 20_000 }, () => source)
  await expect(decodeImages(sources, { imageSize: 256 })).rejects.toThrow('imageSize: expected at most 231')
})

const pictures: Uint8Array[] = []
beforeAll(async () => {
  const source = pictureOf(1, 24, 16)
  const encoded = [source.clone().png(), source.clone().jpeg(), source.clone().webp(), source.clone().gif()]
  for (const one of [...encoded, source.clone().jpeg({ progressive: true })]) pictures.push(await one.toBuffer())
})

test('files with mistakes in them are images of the right size or listed as broken; their neighbours do not suffer', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  const good = await raw(FOUR, 2, 2).png().toBuffer()
  const cut = fc.nat(4).chain((which) => {
    const whole = pictures[which] as Uint8Array
    return fc.nat(whole.length - 1).map((length) => whole.subarray(0, length))
  })
  // Headers lie most; so a third of the mistakes are made there.
  const inHead = fc
    .nat(4)
    .chain((which) =>
      spoiled([(pictures[which] as Uint8Array).subarray(0, 64)]).map((head) =>
        Buffer.concat([head, (pictures[which] as Uint8Array).subarray(64)]),
      ),
    )
  const anyFile = fc.oneof(fc.uint8Array({ maxLength: 200 }), cut, inHead, spoiled(pictures))
  await fc.assert(
    fc.asyncProperty(fc.array(anyFile, { minLength: 1, maxLength: 6 }), async (files) => {
      const sources = [...files, good].map((bytes, n) => sourceOf(bytes, `${n}`))
      const { images, indices, sizes, broken } = await decodeImages(sources, { imageSize: 2 })
      expect(images).toHaveLength(indices.length * 12)
      expect(sizes).toHaveLength(indices.length)
      const all = [...indices, ...broken.map(({ name }) => Number(name))]
      expect(all.sort((a, b) => a - b)).toEqual([...sources.keys()])
      expect([...images.subarray(-12)]).toEqual(FOUR)
      for (const { reason } of broken) expect(reason).toMatch(/^(the file is empty|neither|damaged|\d+ × \d+ pixels)/)
    }),
    { numRuns: fuzzRuns(60) },
  )
})
