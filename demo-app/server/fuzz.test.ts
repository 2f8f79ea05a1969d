// Pictures with mistakes in them: pixels of the model's size, or an error of ours.
import { imageTypeOf, type Preprocessing } from '@pawprint/protocol'
import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, spoiled } from '../../protocol/src/testing/mutate.ts'
import { DemoError } from './error.ts'
import { pixelsOf } from './picture.ts'

const SIDE = 8
const MODEL: Preprocessing = {
  width: SIDE,
  height: SIDE,
  channels: 'rgb',
  fit: 'cover',
  kernel: 'linear',
  scale: 1,
  mean: [0, 0, 0],
  std: [1, 1, 1],
}

const pictures: Uint8Array[] = []
beforeAll(async () => {
  const noise = Buffer.from(Uint8Array.from({ length: 24 * 16 * 3 }, (_, i) => (i * 101) % 256))
  const source = () => sharp(noise, { raw: { width: 24, height: 16, channels: 3 } })
  const encoded = [source().png(), source().jpeg(), source().webp(), source().webp({ lossless: true }), source().gif()]
  for (const one of encoded) pictures.push(await one.toBuffer())
  pictures.push(await source().png({ palette: true }).toBuffer(), await source().jpeg({ progressive: true }).toBuffer())
})

test('a picture with mistakes in it is decoded to the size of the model, or refused; the demo’s process lives', {
  timeout: FUZZ_TIMEOUT_MS,
}, async () => {
  // Headers lie most; so half of the mistakes are made there.
  const heads = () => pictures.map((bytes) => bytes.subarray(0, 64))
  const inHead = fc
    .nat(pictures.length - 1)
    .chain((which) =>
      spoiled([heads()[which] ?? new Uint8Array()]).map((head) =>
        Buffer.concat([head, (pictures[which] ?? new Uint8Array()).subarray(64)]),
      ),
    )
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), inHead, spoiled(pictures)), async (bytes) => {
      try {
        const pixels = await pixelsOf(bytes, MODEL)
        expect(pixels).toHaveLength(SIDE * SIDE * 3)
        expect(imageTypeOf(bytes)).not.toBeNull()
      } catch (error) {
        expect(error).toBeInstanceOf(DemoError)
      }
    }),
    { numRuns: fuzzRuns(150) },
  )
})

test('bytes that begin like a picture are one by their own word, whatever they are called', {
  timeout: FUZZ_TIMEOUT_MS,
}, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
      const type = imageTypeOf(bytes)
      expect([null, 'png', 'jpeg', 'webp', 'gif']).toContain(type)
      if (type !== null) expect(bytes.length).toBeGreaterThan(2)
    }),
    { numRuns: fuzzRuns(500) },
  )
})
