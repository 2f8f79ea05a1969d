import { expect, test } from 'vitest'
import { DatasetError } from '../errors.ts'
import { makeMat } from '../testing/testMat.ts'
import { parseDogLists } from './dogLists.ts'
import { readCellStrings } from './matlab.ts'

const NAMES = [
  'n02085620-Chihuahua/n02085620_5927.jpg',
  'n02085620-Chihuahua/n02085620_4441.jpg',
  'n02116738-African_hunting_dog/n02116738_10872.jpg',
]

// Written by scipy.io.savemat of SciPy 1.17, with file_list, annotation_list (the same without endings) and labels.
const PLAIN =
  'TUFUTEFCIDUuMCBNQVQtZmlsZSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC' +
  'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAAAAAAAAAAABSU0OAAAAaAEAAAYAAAAIAAAAAQAAAAAAAAAFAAAACAAAAAMAAAAB' +
  'AAAAAQAAAAkAAABmaWxlX2xpc3QAAAAAAAAADgAAAFgAAAAGAAAACAAAAAQAAAAAAAAABQAAAAgAAAABAAAAJgAAAAEAAAAAAAAAEAAAACYAAA' +
  'BuMDIwODU2MjAtQ2hpaHVhaHVhL24wMjA4NTYyMF81OTI3LmpwZwAADgAAAFgAAAAGAAAACAAAAAQAAAAAAAAABQAAAAgAAAABAAAAJgAAAAEA' +
  'AAAAAAAAEAAAACYAAABuMDIwODU2MjAtQ2hpaHVhaHVhL24wMjA4NTYyMF80NDQxLmpwZwAADgAAAGgAAAAGAAAACAAAAAQAAAAAAAAABQAAAA' +
  'gAAAABAAAAMQAAAAEAAAAAAAAAEAAAADEAAABuMDIxMTY3MzgtQWZyaWNhbl9odW50aW5nX2RvZy9uMDIxMTY3MzhfMTA4NzIuanBnAAAAAAAA' +
  'AA4AAABgAQAABgAAAAgAAAABAAAAAAAAAAUAAAAIAAAAAwAAAAEAAAABAAAADwAAAGFubm90YXRpb25fbGlzdAAOAAAAWAAAAAYAAAAIAAAABA' +
  'AAAAAAAAAFAAAACAAAAAEAAAAiAAAAAQAAAAAAAAAQAAAAIgAAAG4wMjA4NTYyMC1DaGlodWFodWEvbjAyMDg1NjIwXzU5MjcAAAAAAAAOAAAA' +
  'WAAAAAYAAAAIAAAABAAAAAAAAAAFAAAACAAAAAEAAAAiAAAAAQAAAAAAAAAQAAAAIgAAAG4wMjA4NTYyMC1DaGlodWFodWEvbjAyMDg1NjIwXz' +
  'Q0NDEAAAAAAAAOAAAAYAAAAAYAAAAIAAAABAAAAAAAAAAFAAAACAAAAAEAAAAtAAAAAQAAAAAAAAAQAAAALQAAAG4wMjExNjczOC1BZnJpY2Fu' +
  'X2h1bnRpbmdfZG9nL24wMjExNjczOF8xMDg3MgAAAA4AAABQAAAABgAAAAgAAAAGAAAAAAAAAAUAAAAIAAAAAwAAAAEAAAABAAAABgAAAGxhYm' +
  'VscwAACQAAABgAAAAAAAAAAADwPwAAAAAAAPA/AAAAAAAAXkA='
const COMPRESSED =
  'TUFUTEFCIDUuMCBNQVQtZmlsZSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC' +
  'AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAAAAAAAAAAAAABSU0PAAAAlQAAAHic42NgYMhgZGBgA9IcQAxkggErlM8MFQNhTiBO' +
  'y8xJjc/JLC6BquMD4ggGhH4WNP0gfWpI5gpA+XkGRgYWpmZGBrrOGZkZpYlApA8Xize1NDLXyypIp5X5JiYmhgjzMwiYb4hmviHEfENDM3NjC1' +
  '3HtKLM5MS8+IzSvJLMvPT4lPx0fbhsvKGBhbkRxCowAABagytBDwAAAJYAAAB4nONjYGBIYGRgYAPSHEAMZIIBK5TPDBUDYX4gTszLyy9JLMnM' +
  'z4vPySwuYeADikUwIPSzoOkH6VNCMlcAys8zMDKwMDUzMtB1zsjMKE0EIn24WLyppZE5RD1tzDcxMTFEmJ9AwHxdNPN1IeYbGpqZG1voOqYVZS' +
  'Yn5sVnlOaVZOalx6fkp+vDZeMNDSzMjYDqATisKW0PAAAAMwAAAHic42NgYAgAYjYg5oDSIMAK5TMDMSMUg+RyEpNSc4oZGDiBbAkGGPhgj0rH' +
  'OQAAq6MGGw=='

test.each([
  ['plain', PLAIN],
  ['compressed', COMPRESSED],
])('reads what SciPy wrote, %s', (_, base64) => {
  const bytes = Buffer.from(base64, 'base64')
  expect(readCellStrings(bytes, 'file_list', 'a.mat')).toEqual(NAMES)
  expect(readCellStrings(bytes, 'annotation_list', 'a.mat')).toEqual(NAMES.map((name) => name.slice(0, -4)))
})

test.each([
  ['as MATLAB writes text', {}],
  ['compressed', { isCompressed: true }],
  ['big-endian', { isBig: true }],
  ['big-endian and compressed', { isBig: true, isCompressed: true }],
  ['UTF-8', { textType: 16 }],
  ['bytes', { textType: 2 }],
])('reads what the specification says: %s', (_, choices) => {
  // Text of one or two characters lies inside the tag.
  const strings = [...NAMES, 'a', 'ab', 'abc']
  expect(readCellStrings(makeMat(strings, choices), 'file_list', 'a.mat')).toEqual(strings)
})

test('an empty list is an empty list', () => {
  expect(readCellStrings(makeMat([]), 'file_list', 'a.mat')).toEqual([])
})

const valid = makeMat(['abcdefgh'])
const withByte = (bytes: Uint8Array, at: number, ...values: number[]): Buffer => {
  const copy = Buffer.from(bytes)
  copy.set(values, at)
  return copy
}

test.each([
  ['nothing', Buffer.alloc(0), 'a.mat: expected a MATLAB 5 file, got 0 bytes of something else'],
  ['text', Buffer.alloc(200, 65), 'a.mat: expected a MATLAB 5 file, got 200 bytes of something else'],
  ['version 7.3', makeMat([], { version: 0x0200 }), 'a.mat: expected a MATLAB 5 file, version 256, got version 512'],
  ['no such variable', makeMat([], { name: 'files' }), 'a.mat: expected a variable file_list, got labels, files'],
  ['no variable at all', valid.subarray(0, 128), 'a.mat: expected a variable file_list, got none'],
  ['numbers', makeMat([], { kind: 6 }), 'a.mat, file_list: expected a cell array, got an array of class 6'],
  ['too few cells', makeMat(['a'], { count: 2 }), 'a.mat, file_list: expected 2 cells, got 1'],
  ['too many cells', makeMat([], { count: 100_001 }), 'a.mat, file_list: expected at most 100000 cells, got 100001'],
  [
    'dimensions beyond measure',
    makeMat([], { count: 2 ** 31 }),
    'expected an array with dimensions, got 2147483648 × 1',
  ],
  ['a file cut in a tag', valid.subarray(0, 132), 'a.mat, byte 0: expected a tag of 8 bytes, got 4'],
  [
    'a file cut in an element',
    valid.subarray(0, 150),
    'a.mat, byte 0: expected an element of at most 14 bytes, got 56',
  ],
  ['a size beyond the file', withByte(valid, 132, 255, 255, 255, 255), 'got 4294967295'],
  [
    'text of an unknown kind',
    makeMat(['abcdefgh'], { textType: 9 }),
    'a.mat, file_list{1}: expected characters, got type 9',
  ],
  ['no deflate', withByte(makeMat(NAMES, { isCompressed: true }), 136, 0), 'expected a compressed element of at most'],
])('refuses %s', (_, bytes, message) => {
  const read = (): unknown => readCellStrings(bytes, 'file_list', 'a.mat')
  expect(read).toThrow(DatasetError)
  expect(read).toThrow(message)
})

test('the lists of dogs: breeds by their folders, each image once', () => {
  const lists = [
    { bytes: makeMat(NAMES.slice(0, 2)), at: 'train_list.mat', isTest: false },
    { bytes: makeMat(NAMES.slice(2), { isCompressed: true }), at: 'test_list.mat', isTest: true },
  ]
  expect(parseDogLists(lists)).toEqual([
    { name: 'n02085620-Chihuahua/n02085620_5927', folder: 'n02085620-Chihuahua', breed: 'Chihuahua', isTest: false },
    { name: 'n02085620-Chihuahua/n02085620_4441', folder: 'n02085620-Chihuahua', breed: 'Chihuahua', isTest: false },
    {
      name: 'n02116738-African_hunting_dog/n02116738_10872',
      folder: 'n02116738-African_hunting_dog',
      breed: 'African_hunting_dog',
      isTest: true,
    },
  ])
})

test.each([
  ['../../etc/passwd'],
  ['n02085620-Chihuahua/../n02085620_1.jpg'],
  ['n02085620-Chihuahua/n02085621_1.jpg'],
  ['n02085620-Chihuahua/n02085620_1.png'],
  ['n02085620/n02085620_1.jpg'],
  ['/n02085620-Chihuahua/n02085620_1.jpg'],
  ['n02085620-Chihuahua\\n02085620_1.jpg'],
  ['n02085620-Chi huahua/n02085620_1.jpg'],
])('a list of dogs with the name %j is refused with its cell', (name) => {
  const lists = [{ bytes: makeMat([NAMES[0] as string, name]), at: 'train_list.mat', isTest: false }]
  expect(() => parseDogLists(lists)).toThrow(
    'train_list.mat, file_list{2}: expected a name like n02085620-Chihuahua/n02085620_5927.jpg, got ',
  )
})

test('an image in both lists is refused', () => {
  const [train, both] = [makeMat(NAMES), makeMat(NAMES.slice(1))]
  const lists = [
    { bytes: train, at: 'train_list.mat', isTest: false },
    { bytes: both, at: 'test_list.mat', isTest: true },
  ]
  expect(() => parseDogLists(lists)).toThrow(`test_list.mat, file_list{1}: expected each name once, got "${NAMES[1]}"`)
})
