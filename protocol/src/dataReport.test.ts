import { expect, test } from 'vitest'
import { DataReport } from './dataReport.ts'
import { parse } from './json.ts'
import { MAX_DATA_REPORT_LENGTH } from './limits.ts'

const none = { count: 0, examples: [] }
const report: DataReport = {
  classNames: ['cat', 'dog'],
  imageSize: 32,
  counts: { train: [3, 2], validation: [0, 0], test: [1, 1] },
  duplicates: { leaks: none, ambiguous: none, others: none },
  broken: none,
  pictures: null,
  channels: null,
  violations: [],
}
const lines = (count: number, length = 1) => ({ count, examples: new Array<string>(count).fill('x'.repeat(length)) })

test.each<[string, object, string]>([
  ['a class without its count', { counts: { ...report.counts, test: [1] } }, ''],
  ['a count for no class', { classNames: ['cat'] }, ''],
  ['a count below 0', { counts: { ...report.counts, train: [3, -1] } }, 'counts.train.1'],
  ['half a picture', { counts: { ...report.counts, train: [3, 1.5] } }, 'counts.train.1'],
  ['a class without a name', { classNames: ['cat', ' '] }, 'classNames.1'],
  ['a set that is missing', { counts: { train: [3, 2], test: [1, 1] } }, 'counts.validation'],
  ['21 examples', { broken: lines(21) }, 'broken.examples'],
  ['a line of 1,001 characters', { broken: lines(1, 1001) }, 'broken.examples.0'],
  ['markup in the place of a number', { channels: { mean: ['<b>'], std: [0] } }, 'channels.mean.0'],
  ['five channels', { channels: { mean: [0, 0, 0, 0, 0], std: [] } }, 'channels.mean'],
  ['a size below 0', { pictures: { width: { min: -1, median: 1, max: 1 } } }, 'pictures.width.min'],
  ['33 violations', { violations: new Array(33).fill({ message: '' }) }, 'violations'],
  ['advice that is no text', { violations: [{ message: '', advice: 7 }] }, 'violations.0.advice'],
])('%s is refused at its place', (_what, change, at) => {
  expect(() => parse(DataReport, { ...report, ...change })).toThrow(
    expect.objectContaining({ name: 'ProtocolError', at }),
  )
})

test('all of it has at most 64 KiB of characters, whatever its parts', () => {
  const violations = new Array(32).fill({ message: 'x'.repeat(1000), advice: 'x'.repeat(980) })
  const full = { ...report, violations }
  const left = MAX_DATA_REPORT_LENGTH - JSON.stringify(full).length
  // 64 KiB but for a name that fills the rest, and one character more.
  const withName = (length: number) => ({
    ...full,
    broken: {
      count: 9,
      examples: [...new Array(Math.floor(length / 900)).fill('x'.repeat(897)), 'x'.repeat((length % 900) - 2)],
    },
  })
  expect(JSON.stringify(withName(left)).length).toBe(MAX_DATA_REPORT_LENGTH)
  expect(parse(DataReport, withName(left))).toEqual(withName(left))
  expect(() => parse(DataReport, withName(left + 1))).toThrow('at most 65536 characters of JSON')
})
