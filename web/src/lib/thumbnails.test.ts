import { MAX_THUMBNAILS_BYTES, type Thumbnails } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { sha1Of } from './testRecords.ts'
import { cellOf, offsetOf, problemOf, sheetAmong, squaresOf } from './thumbnails.ts'

const thumbnails: Thumbnails = {
  size: 10,
  columns: 4,
  cells: [
    { was: 0, said: 0, count: 3, probabilities: [0.9, 0.8, 0.7] },
    { was: 0, said: 1, count: 2 },
    { was: 1, said: 0, count: 4, probabilities: [0.6] },
  ],
}

test('a cell has its pictures one after another in the sheet', () => {
  expect(cellOf(thumbnails, 0, 0)).toEqual({ first: 0, count: 3, probabilities: [0.9, 0.8, 0.7] })
  expect(cellOf(thumbnails, 0, 1)).toEqual({ first: 3, count: 2, probabilities: [] })
  expect(cellOf(thumbnails, 1, 0)).toEqual({ first: 5, count: 4, probabilities: [0.6] })
  expect(cellOf(thumbnails, 1, 1)).toBeNull()
  // Nine pictures in rows of four.
  expect(squaresOf(thumbnails)).toEqual([4, 3])
  expect(offsetOf(thumbnails, 5, 56)).toEqual([56, 56])
})

/** The first 30 bytes of a lossy WebP file, by hand: RIFF, size, WEBP, VP8, size, frame tag, start code, width and height with two bits of scale. */
function webp(width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(40)
  bytes.set([...'RIFF\0\0\0\0WEBPVP8 '].map((letter) => letter.charCodeAt(0)))
  bytes.set([0x9d, 0x01, 0x2a, width & 255, (width >> 8) | 0x40, height & 255, (height >> 8) | 0x80], 23)
  return bytes
}
const changed = (at: number, value: number): Uint8Array => webp(40, 30).map((byte, i) => (i === at ? value : byte))

test.each<[string, Uint8Array, string | null]>([
  ['the sheet', webp(40, 30), null],
  ['a sheet of other cells', webp(40, 40), 'it has 40 × 40 pixels, not 40 × 30'],
  ['a picture that would fill the memory', webp(16383, 16383), 'it has 16383 × 16383 pixels, not 40 × 30'],
  ['no file', new Uint8Array(), 'it is no WebP picture'],
  ['one that is cut off', webp(40, 30).subarray(0, 29), 'it is no WebP picture'],
  ['one with alpha, VP8X', changed(15, 0x58), 'it is no WebP picture'],
  ['markup', new TextEncoder().encode(`<svg onload="alert(1)">${' '.repeat(40)}`), 'it is no WebP picture'],
  ['a frame without its start code', changed(24, 0), 'it is no WebP picture'],
])('%s is told before it is decoded', (_what, bytes, problem) => {
  expect(problemOf(bytes, thumbnails)).toBe(problem)
})

test('a file that is missing or too large is not asked for', () => {
  const file = (name: string, sizeBytes: number) => ({ name, sha1: sha1Of('a') as never, sizeBytes })
  expect(sheetAmong([file('thumbnails.webp', MAX_THUMBNAILS_BYTES)])).toMatchObject({ name: 'thumbnails.webp' })
  expect(() => sheetAmong([file('thumbnails.webp', MAX_THUMBNAILS_BYTES + 1)])).toThrow('the file is too large')
  expect(() => sheetAmong([file('other.webp', 1)])).toThrow('the model has no such file')
})
