import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { pixelsOf } from '../../../../demo-app/server/picture.ts'
import { seededRandom } from '../random.ts'
import { pictureOf, recordOf } from '../testing/testPictures.ts'
import { decodePicture } from './decodePicture.ts'
import { isLikeSharp, type JpegDecoder, openJpegDecoder } from './nativeJpeg.ts'

const built = fileURLToPath(new URL('../../../native/build/Release/pictures.node', import.meta.url))
const testNative = test.skipIf(!existsSync(built))

async function openBuilt(): Promise<JpegDecoder> {
  const decode = await openJpegDecoder(sharp)
  if (decode === null) throw new Error('it was built, but does not give the bytes that sharp gives')
  return decode
}

/** By the demo's own code, which knows nothing of the native decoder. */
const asDemo = async (jpeg: Uint8Array, size: number): Promise<Buffer> =>
  Buffer.from(await pixelsOf(jpeg, recordOf(size)))

const sizes = [8, 16, 33, 48]
/** How many times larger a picture is. */
const ranges = [
  [1, 4],
  [4, 8],
  [8, 16],
  [16, 24],
]

testNative('plain JPEGs of any size give the very bytes that the demo gives its model', async () => {
  const decode = await openBuilt()
  for (let n = 0; n < 64; n++) {
    const random = seededRandom(1, n)
    const size = sizes[n % sizes.length] as number
    // The JPEG decoder shrinks not at all, by two, by four and by eight.
    const [least, most] = ranges[Math.floor(n / sizes.length) % ranges.length] as [number, number]
    const [width, height] = [0, 1].map(() => Math.ceil(size * random.between(least, most))) as [number, number]
    const chromaSubsampling = random.chance(0.5) ? '4:2:0' : '4:4:4'
    const options = { quality: 30 + random.below(70), chromaSubsampling, progressive: random.chance(0.3) }
    const jpeg = await pictureOf(n, width, height).jpeg(options).toBuffer()
    const picture = await decode(jpeg, size)
    const facts = `${width} × ${height} to ${size}, ${JSON.stringify(options)}`
    expect(picture, facts).toMatchObject({ width, height })
    expect((await asDemo(jpeg, size)).equals(picture?.pixels ?? new Uint8Array()), facts).toBe(true)
  }
})

const others: [string, () => Promise<Uint8Array>][] = [
  ['nothing', async () => new Uint8Array()],
  ['text', async () => Buffer.from('not a picture at all')],
  ['a PNG', () => pictureOf(1, 40, 40).png().toBuffer()],
  ['a grey JPEG', () => pictureOf(2, 40, 40, 1).toColourspace('b-w').jpeg().toBuffer()],
  ['a CMYK JPEG', () => pictureOf(3, 40, 40).toColourspace('cmyk').jpeg().toBuffer()],
  ['one with Exif', () => pictureOf(4, 40, 40).jpeg().withMetadata({ orientation: 1 }).toBuffer()],
  ['one with a colour profile', () => pictureOf(5, 40, 40).jpeg().withIccProfile('p3').toBuffer()],
  ['one lower than the image', () => pictureOf(6, 40, 15).jpeg().toBuffer()],
  ['one narrower than the image', () => pictureOf(7, 15, 40).jpeg().toBuffer()],
  ['one that is cut off', async () => (await pictureOf(8, 40, 40).jpeg().toBuffer()).subarray(0, -40)],
]

testNative.each(others)('%s is left to sharp', async (_, encode) => {
  const decode = await openBuilt()
  expect(await decode(await encode(), 16)).toBeNull()
})

testNative('one of more than MAX_IMAGE_PIXELS is left to sharp before any of it is decoded', async () => {
  const decode = await openBuilt()
  const jpeg = Buffer.from(await pictureOf(1, 64, 64).jpeg().toBuffer())
  // Its header says 65,500 × 65,500: ITU-T T.81, B.2.2.
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]))
  for (const at of [frame + 5, frame + 7]) jpeg.writeUInt16BE(65_500, at)
  expect(await decode(jpeg, 16)).toBeNull()
})

testNative('a million segments that may be Exif cost no more than one', async () => {
  const decode = await openBuilt()
  const jpeg = await pictureOf(1, 40, 40).jpeg().toBuffer()
  // Kept by libjpeg before 3.0.4, each one would walk along all that came before it: hours.
  const segments = Buffer.alloc(4_000_000, Buffer.from([0xff, 0xe1, 0x00, 0x02]))
  expect(await decode(Buffer.concat([jpeg.subarray(0, 2), segments, jpeg.subarray(2)]), 16)).toBeNull()
})

testNative('a progressive one that ends after its first scan, as it may, is left to sharp', async () => {
  const decode = await openBuilt()
  const jpeg = await pictureOf(1, 90, 60).jpeg({ progressive: true, chromaSubsampling: '4:2:0' }).toBuffer()
  const [scan, tables] = [Buffer.from([0xff, 0xda]), Buffer.from([0xff, 0xc4])]
  // The tables of the second scan end the first.
  const end = jpeg.indexOf(tables, jpeg.indexOf(scan))
  expect(jpeg.indexOf(scan, end)).toBeGreaterThan(end)
  const first = Buffer.concat([jpeg.subarray(0, end), Buffer.from([0xff, 0xd9])])
  expect((await asDemo(first, 16)).length).toBe(16 * 16 * 3)
  expect(await decode(first, 16)).toBeNull()
})

testNative('a damaged one is left to sharp, or gives what sharp makes of it', async () => {
  const decode = await openBuilt()
  let decoded = 0
  for (let n = 0; n < 400; n++) {
    const random = seededRandom(2, n)
    const options = { quality: 80, progressive: random.chance(0.3) }
    const jpeg = Buffer.from(await pictureOf(n, 40, 50).jpeg(options).toBuffer())
    for (let k = random.below(3); k >= 0; k--) jpeg[random.below(jpeg.length)] = random.below(256)
    const picture = await decode(jpeg, 8)
    if (picture === null) continue
    decoded++
    expect((await asDemo(jpeg, 8)).equals(picture.pixels), `${n}`).toBe(true)
  }
  expect(decoded).toBeGreaterThan(20)
})

testNative('a size that is none is an error', async () => {
  const decode = await openBuilt()
  const jpeg = await pictureOf(1, 40, 40).jpeg().toBuffer()
  for (const size of [0, -1, 1.5, Number.NaN]) expect(() => decode(jpeg, size), `${size}`).toThrow('expected a side')
})

/** Threads that begin to decode and are ended at once. Arguments: the addon's place, a JPEG in base64. */
const ENDED_THREADS = `
  const { Worker } = require('node:worker_threads')
  const [addon, base64] = process.argv.slice(1)
  const workerData = { addon, jpeg: Uint8Array.from(Buffer.from(base64, 'base64')) }
  const inThread = \`
    const { parentPort, workerData: { addon, jpeg } } = require('node:worker_threads')
    for (let n = 0; n < 50; n++) void require(addon).decode(jpeg, 16, 1e6)
    parentPort.postMessage('begun')\`
  async function endEach() {
    for (let n = 0; n < 10; n++) {
      const thread = new Worker(inThread, { eval: true, workerData })
      await new Promise((resolve) => thread.once('message', resolve))
      await thread.terminate()
    }
    console.log('all ended')
  }
  void endEach()`

testNative('a thread that ends while pictures are decoded for it ends cleanly', async () => {
  const jpeg = await pictureOf(1, 300, 200).jpeg().toBuffer()
  const args = ['-e', ENDED_THREADS, built, jpeg.toString('base64')]
  const { stdout, signal } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 })
  expect({ stdout, signal }).toEqual({ stdout: 'all ended\n', signal: null })
})

test('a decoder that gives one other byte than sharp is not used', async () => {
  const bySharp: JpegDecoder = (bytes, size) => decodePicture(sharp, bytes, size)
  expect(await isLikeSharp(bySharp, sharp)).toBe(true)
  const byAnother: JpegDecoder = async (bytes, size) => {
    const picture = await bySharp(bytes, size)
    picture?.pixels.set([(picture.pixels[100] ?? 0) ^ 1], 100)
    return picture
  }
  expect(await isLikeSharp(byAnother, sharp)).toBe(false)
  expect(await isLikeSharp(async () => null, sharp)).toBe(false)
})
