import fc from 'fast-check'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { FUZZ_TIMEOUT_MS, fuzzRuns, spoiled } from '../../../../protocol/src/testing/mutate.ts'
import { pictureOf } from '../testing/testPictures.ts'
import { plainJpegSize } from './jpegHeader.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
// By ITU-T T.81, B.2.2: length 11, 8 bits, 5 rows of 3 samples, one component. B.2.3: a scan of it.
const [START, FRAME, SCAN] = ['ff d8', 'ff c0 00 0b 08 00 05 00 03 01 01 11 00', 'ff da 00 08 01 01 00 00 3f 00']
const COMMENT = 'ff fe 00 03 61'

test.each([
  ['a baseline frame', `${START} ${FRAME} ${SCAN}`],
  ['a progressive one', `${START} ${FRAME.replace('c0', 'c2')} ${SCAN}`],
  [
    'JFIF, tables and a comment before and after',
    `${START} ff e0 00 02 ff db 00 02 ${COMMENT} ${FRAME} ff c4 00 02 ${SCAN}`,
  ],
])('%s has the size of its header', (_, hex) => {
  expect(plainJpegSize(bytesOf(hex))).toEqual({ width: 3, height: 5 })
})

test.each([
  ['nothing', ''],
  ['a PNG', '89 50 4e 47 0d 0a 1a 0a'],
  ['no scan', `${START} ${FRAME}`],
  ['no frame', `${START} ${COMMENT} ${SCAN}`],
  ['two frames', `${START} ${FRAME} ${FRAME} ${SCAN}`],
  ['Exif before the frame', `${START} ff e1 00 04 45 78 ${FRAME} ${SCAN}`],
  ['Exif after the frame', `${START} ${FRAME} ff e1 00 04 45 78 ${SCAN}`],
  ['its end before a frame', `${START} ff d9 ${FRAME} ${SCAN}`],
  ['bytes between segments', `${START} 00 ${FRAME} ${SCAN}`],
  ['a segment shorter than its length', `${START} ff fe 00 01 ${FRAME} ${SCAN}`],
  ['a segment beyond the end', `${START} ff fe ff ff ${FRAME} ${SCAN}`],
  ['no rows: they are counted later', `${START} ${FRAME.replace('00 05', '00 00')} ${SCAN}`],
])('%s is left to the decoder', (_, hex) => {
  expect(plainJpegSize(bytesOf(hex))).toBeNull()
})

test('it says of encoded pictures what the decoder says, or leaves it to it', async () => {
  const plain = await pictureOf(1, 70, 50).jpeg().toBuffer()
  const turned = await pictureOf(1, 70, 50).jpeg().withMetadata({ orientation: 6 }).toBuffer()
  expect(plainJpegSize(plain)).toEqual({ width: 70, height: 50 })
  expect(plainJpegSize(turned)).toBeNull()
})

test('of files with more segments or mistakes in their heads, too', { timeout: FUZZ_TIMEOUT_MS }, async () => {
  const encoded = [pictureOf(1, 24, 16).jpeg(), pictureOf(2, 9, 40).jpeg({ progressive: true })]
  const pictures = await Promise.all(encoded.map((one) => one.toBuffer()))
  const segment = fc
    .tuple(fc.constantFrom(0xe0, 0xe1, 0xe3, 0xef, 0xfe), fc.uint8Array({ maxLength: 40 }))
    .map(([marker, body]) => Buffer.from([0xff, marker, 0, body.length + 2, ...body]))
  const head = fc.array(segment, { maxLength: 4 }).map((more) => Buffer.concat([bytesOf(START), ...more]))
  const spoiledHead = head.chain((bytes) => spoiled([bytes]))
  const files = fc
    .tuple(fc.oneof(head, spoiledHead), fc.constantFrom(...pictures))
    .map(([bytes, picture]) => Buffer.concat([bytes, picture.subarray(2)]))
  let compared = 0
  await fc.assert(
    fc.asyncProperty(files, async (bytes) => {
      const size = plainJpegSize(bytes)
      if (size === null) return
      const header = await sharp(bytes)
        .metadata()
        .catch(() => null)
      if (header === null) return
      compared++
      expect(size).toEqual({ width: header.width, height: header.height })
    }),
    { numRuns: fuzzRuns(200) },
  )
  expect(compared).toBeGreaterThan(20)
})
