import { expect, test } from 'vitest'
import { ModelEvaluation, Thumbnails } from './evaluation.ts'
import { parse } from './json.ts'

const cell = { was: 0, said: 1, count: 2, probabilities: [0.9, 0.8] }
const thumbnails: Thumbnails = { size: 48, columns: 32, cells: [cell, { was: 999, said: 0, count: 10 }] }

test('thumbnails are what they were', () => {
  expect(parse(Thumbnails, thumbnails)).toEqual(thumbnails)
})

test.each<[string, object, string]>([
  ['pictures of 49 pixels', { size: 49 }, 'size'],
  ['pictures without pixels', { size: 0 }, 'size'],
  ['half a pixel', { size: 1.5 }, 'size'],
  ['no columns', { columns: 0 }, 'columns'],
  ['1,001 columns', { columns: 1001 }, 'columns'],
  ['markup in the place of a number', { columns: '<b>' }, 'columns'],
  ['cells that are none', { cells: {} }, 'cells'],
  ['a class beyond the last that there may be', { cells: [{ ...cell, said: 1000 }] }, 'cells.0.said'],
  ['a class below the first', { cells: [{ ...cell, was: -1 }] }, 'cells.0.was'],
  ['an empty cell', { cells: [{ ...cell, count: 0 }] }, 'cells.0.count'],
  ['eleven pictures of a cell', { cells: [{ ...cell, count: 11 }] }, 'cells.0.count'],
  ['a probability above 1', { cells: [{ ...cell, probabilities: [1.1] }] }, 'cells.0.probabilities.0'],
  ['1,010 pictures', { cells: new Array(101).fill({ ...cell, count: 10 }) }, 'cells'],
])('%s: refused', (_what, change, at) => {
  expect(() => parse(Thumbnails, { ...thumbnails, ...change })).toThrow(
    expect.objectContaining({ name: 'ProtocolError', at }),
  )
})

const score = { precision: 1, recall: 1, f1: 1, support: 1, auc: null, averagePrecision: null }
const rates = new Array<number>(1001).fill(0)
test.each<[string, object, string]>([
  ['a confusion that is not square', { confusion: [[1, 2], [3]] }, 'confusion'],
  ['one row of very many columns', { confusion: [new Array(100_000).fill(0)] }, 'confusion'],
  ['no row but columns', { confusion: [[], []] }, 'confusion'],
  ['half a picture', { confusion: [[0.5]] }, 'confusion.0.0'],
  ['1,001 classes', { classes: new Array(1001).fill(score) }, 'classes'],
  ['a score above 1', { classes: [{ ...score, recall: 1.01 }] }, 'classes.0.recall'],
  ['1,001 bins', { calibration: new Array(1001).fill({ count: 1, confidence: 0, accuracy: 0 }) }, 'calibration'],
  [
    'a curve of 1,001 points',
    { roc: [{ falsePositiveRates: rates, truePositiveRates: [] }] },
    'roc.0.falsePositiveRates',
  ],
  ['1,001 curves', { roc: new Array(1001).fill(null) }, 'roc'],
])('an evaluation with %s: refused', (_what, evaluation, at) => {
  expect(() => parse(ModelEvaluation, evaluation)).toThrow(expect.objectContaining({ name: 'ProtocolError', at }))
})

test('an evaluation may have nothing, or a confusion alone', () => {
  for (const evaluation of [{}, { confusion: [[1, 0], [2, 3]] }]) // biome-ignore format: a matrix
    expect(parse(ModelEvaluation, evaluation)).toEqual(evaluation)
})
