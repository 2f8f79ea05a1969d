import { MAX_IMAGE_BYTES } from '@pawprint/protocol'
import sharp, { type Sharp } from 'sharp'
import { expect, test } from 'vitest'
import { pixelsOf } from '../../../demo-app/server/picture.ts'
import { decodeImages } from './decode.ts'
import { handMadePng, pictureOf, raw, sourceOf } from './testPictures.ts'

const [R, G, B, W] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
] as const
/** Two rows of two: R G over B W. */
const FOUR = [...R, ...G, ...B, ...W]

const decodeOne = async (bytes: Uint8Array, imageSize: number): Promise<number[]> => {
  const { images, broken } = await decodeImages([sourceOf(bytes)], { imageSize })
  expect(broken).toEqual([])
  return [...images]
}

const asDemo = (bytes: Uint8Array, imageSize: number): Promise<Uint8Array> =>
  pixelsOf(bytes, {
    width: imageSize,
    height: imageSize,
    channels: 'rgb',
    fit: 'fill',
    kernel: 'lanczos3',
    scale: 1 / 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  })

const encodings: [string, () => Promise<Uint8Array>][] = [
  ['a JPEG', () => pictureOf(1, 200, 150).jpeg().toBuffer()],
  ['a progressive JPEG', () => pictureOf(2, 150, 400).jpeg({ progressive: true }).toBuffer()],
  ['a grey JPEG', () => pictureOf(3, 90, 90, 1).toColourspace('b-w').jpeg().toBuffer()],
  ['a CMYK JPEG', () => pictureOf(4, 120, 80).toColourspace('cmyk').jpeg().toBuffer()],
  ['a JPEG on its side', () => pictureOf(5, 120, 80).jpeg().withMetadata({ orientation: 6 }).toBuffer()],
  ['a JPEG smaller than the image', () => pictureOf(6, 20, 10).jpeg().toBuffer()],
  ['a JPEG of the very size', () => pictureOf(7, 32, 32).jpeg().toBuffer()],
  ['a PNG with alpha', () => pictureOf(8, 77, 61, 4).png().toBuffer()],
  ['an interlaced PNG with a palette', () => pictureOf(9, 64, 64).png({ palette: true, progressive: true }).toBuffer()],
  ['a PNG of 16 bits', () => pictureOf(10, 64, 48).toColourspace('rgb16').png().toBuffer()],
  ['a grey PNG of 16 bits', () => pictureOf(11, 50, 40, 1).toColourspace('grey16').png().toBuffer()],
  ['a WebP', () => pictureOf(12, 100, 70).webp().toBuffer()],
  ['a GIF', () => pictureOf(13, 60, 90).gif().toBuffer()],
]

test('the pictures of these tests are what they say', async () => {
  const facts = async (name: string) => sharp(await new Map(encodings).get(name)?.()).metadata()
  expect(await facts('a CMYK JPEG')).toMatchObject({ space: 'cmyk', channels: 4 })
  expect(await facts('a PNG of 16 bits')).toMatchObject({ depth: 'ushort', channels: 3 })
  expect(await facts('a grey JPEG')).toMatchObject({ space: 'b-w', channels: 1 })
  expect(await facts('an interlaced PNG with a palette')).toMatchObject({ isPalette: true, isProgressive: true })
})

test('a picture gives the very bytes that the demo gives its model', async () => {
  const files = await Promise.all(encodings.map(([, encode]) => encode()))
  const { images, indices, broken } = await decodeImages(
    files.map((bytes, n) => sourceOf(bytes, encodings[n]?.[0])),
    { imageSize: 32 },
  )
  expect(broken).toEqual([])
  expect(indices).toEqual([...files.keys()])
  for (const [n, bytes] of files.entries()) {
    const ours = Buffer.from(images.subarray(n * 3072, (n + 1) * 3072))
    expect(ours.equals(await asDemo(bytes, 32)), encodings[n]?.[0]).toBe(true)
  }
})

test('a picture of the very size is not touched, in shared memory', async () => {
  const png = await raw(FOUR, 2, 2).png().toBuffer()
  expect(await decodeOne(png, 2)).toEqual(FOUR)
  const { images, sizes } = await decodeImages([sourceOf(png)], { imageSize: 2 })
  expect(images.buffer).toBeInstanceOf(SharedArrayBuffer)
  expect(sizes).toEqual([{ width: 2, height: 2 }])
})

test('transparency lies on white, grey fills three channels, 16 bits lose their lower 8', async () => {
  const clear = await raw([...R, 255, ...G, 0, ...B, 255, 0, 0, 0, 0], 2, 2, 4)
    .png()
    .toBuffer()
  expect(await decodeOne(clear, 2)).toEqual([...R, ...W, ...B, ...W])
  const grey = await raw([0, 7, 128, 255], 2, 2, 1).toColourspace('b-w').png().toBuffer()
  expect(await decodeOne(grey, 2)).toEqual([0, 7, 128, 255].flatMap((value) => [value, value, value]))
  const deep = await raw(FOUR, 2, 2).toColourspace('rgb16').png().toBuffer()
  expect((await sharp(deep).metadata()).depth).toBe('ushort')
  expect(await decodeOne(deep, 2)).toEqual(FOUR)
})

test('of an animation the first picture counts', async () => {
  const frames = await Promise.all([R, B].map((colour) => raw(Array(4).fill(colour).flat(), 2, 2).png().toBuffer()))
  for (const encode of [(all: Sharp) => all.gif(), (all: Sharp) => all.webp({ lossless: true })]) {
    const animation = await encode(sharp(frames, { join: { animated: true } })).toBuffer()
    expect(await decodeOne(animation, 2)).toEqual([...R, ...R, ...R, ...R])
  }
})

// By the EXIF standard, orientation 6: the stored rows are columns from the right.
test('a crop is taken from the upright picture', async () => {
  const six = [...R, ...G, ...B, ...W, ...R, ...G]
  const png = await raw(six, 3, 2).png().withMetadata({ orientation: 6 }).toBuffer()
  // Upright, 2 × 3: W R, R G, G B.
  const crop = { left: 0, top: 1, width: 2, height: 2 }
  const { images, sizes } = await decodeImages([sourceOf(png, 'a', crop)], { imageSize: 2 })
  expect([...images]).toEqual([...R, ...G, ...G, ...B])
  expect(sizes).toEqual([{ width: 2, height: 3 }])
})

test('a crop is resized as a picture of just that part is', async () => {
  const whole = pictureOf(20, 90, 70)
  const part = { left: 11, top: 7, width: 60, height: 50 }
  const png = await whole.clone().png().toBuffer()
  const alone = await whole.clone().extract(part).png().toBuffer()
  const { images } = await decodeImages([sourceOf(png, 'a', part)], { imageSize: 24 })
  expect([...images]).toEqual(await decodeOne(alone, 24))
})

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
