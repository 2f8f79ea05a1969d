import { expect, test } from 'vitest'
import { CLASS_NAMES, makeRecords, pixelOf } from '../testing/testData.ts'
import { parseClassNames, parseRecords } from './cifarRecords.ts'

const parse = (bytes: Uint8Array) => parseRecords(new Map([['data_batch_3.bin', bytes]]), ['data_batch_3.bin'], 'box')

test('planes of red, green and blue become pixels of three', () => {
  const image = new Uint8Array(3 + 3072)
  parse(makeRecords([4, 9])).copyImage(1, image, 3)
  expect(image.subarray(0, 3)).toEqual(new Uint8Array(3))
  for (let row = 0; row < 32; row++)
    for (let column = 0; column < 32; column++)
      for (let channel = 0; channel < 3; channel++)
        expect(image[3 + (row * 32 + column) * 3 + channel]).toBe(pixelOf(1, channel, row, column))
})

test('records of several files follow one another', () => {
  const files = new Map([
    ['a', makeRecords([1, 2])],
    ['b', makeRecords([3])],
  ])
  expect(parseRecords(files, ['b', 'a'], 'box').labels).toEqual(Uint8Array.of(3, 1, 2))
})

test.each([
  [new Uint8Array(0), 'multiple of 3,073 bytes, and not 0, got 0 bytes'],
  [makeRecords([1]).subarray(1), 'multiple of 3,073 bytes, and not 0, got 3,072 bytes'],
  [Buffer.concat([makeRecords([1, 2]), Buffer.of(1)]), 'multiple of 3,073 bytes, and not 0, got 6,147 bytes'],
  [makeRecords([1, 9, 10]), 'data_batch_3.bin, record 3: expected a label from 0 to 9, got 10'],
  [makeRecords([255]), 'data_batch_3.bin, record 1: expected a label from 0 to 9, got 255'],
])('refuses broken records %#, saying where', (bytes, message) => {
  expect(() => parse(bytes)).toThrow('data_batch_3.bin')
  expect(() => parse(bytes)).toThrow(message)
})

const namesIn = (text: string): string[] => parseClassNames(new Map([['batches.meta.txt', Buffer.from(text)]]), 'box')

test('class names are the lines of batches.meta.txt, whatever their ends', () => {
  expect(namesIn(`${CLASS_NAMES.join('\r\n')}\r\n\r\n`)).toEqual(CLASS_NAMES)
})

test('without that file the names are the official ones', () => {
  expect(parseClassNames(new Map(), 'box')).toEqual(CLASS_NAMES)
})

test.each([
  ['airplane\n', 'expected 10 different names, got 1'],
  [CLASS_NAMES.join('\n').replace('cat', 'dog'), 'expected 10 different names, got 9'],
  [CLASS_NAMES.join('\n').replace('cat', 'c'.repeat(129)), 'expected names of at most 128 characters, got 129'],
])('refuses the class names %j', (text, message) => {
  expect(() => namesIn(text)).toThrow(message)
})
