import type { DataReport } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { balanceOf, classBarsOf, factsOf, findingsOf, sizeOf } from './dataReport.ts'

const none = { count: 0, examples: [] }
const report: DataReport = {
  classNames: ['cat', 'dog'],
  imageSize: 32,
  counts: { train: [3000, 750], validation: [300, 80], test: [1000, 2] },
  duplicates: { leaks: { count: 9, examples: ['a = b'] }, ambiguous: none, others: none },
  broken: none,
  pictures: { width: { min: 20, median: 500, max: 900 }, height: { min: 64, median: 64, max: 64 }, enlarged: 1 },
  channels: { mean: [0.5, 0.25, 0.126], std: [0.2, 0.2, 0.2] },
  violations: [],
}
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')
const trained = (train: number[]) => balanceOf({ ...report, counts: { ...report.counts, train } })

test('a report in words: how much there is, how even, what was found, of which sizes and colours', () => {
  expect(plain(sizeOf(report))).toBe('2 classes, 5,132 pictures')
  expect(classBarsOf(report)).toEqual({
    bars: [
      { name: 'cat', train: 3000, validation: 300, test: 1000 },
      { name: 'dog', train: 750, validation: 80, test: 2 },
    ],
    most: 4300,
  })
  expect(findingsOf(report).map(({ count, more }) => [count, more])).toEqual([
    [9, 8],
    [0, 0],
    [0, 0],
    [0, 0],
  ])
  expect(factsOf(report).map(({ title, text }) => plain(`${title}: ${text}`))).toEqual([
    'The model sees: 32 × 32 px',
    'Width: 20 to 900 px, half below 500',
    'Height: 64 px',
    'Enlarged: 1',
    'Brightness: 50 % · 25 % · 13 % (red, green, blue)',
    'Spread of it: 20 % · 20 % · 20 %',
  ])
  expect(factsOf({ ...report, pictures: null, channels: null })).toHaveLength(1)
})

test.each([
  [[3000, 750], 'largest to smallest 4.0 : 1'],
  [[36, 3], 'largest to smallest 12 : 1'],
  [[36, 0], 'a class has no training picture'],
  [[0, 0], ''],
  [[], ''],
])('training pictures %j: %s', (train, text) => {
  expect(trained(train)).toBe(text)
})
