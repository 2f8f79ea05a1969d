import { expect, test } from 'vitest'
import { classScoresOf, scoreOf } from './scores.ts'

test('scores by hand: 6 of 8 that are named so, of 10 that there are', () => {
  expect(scoreOf(6, 8, 10)).toEqual({ precision: 0.75, recall: 0.6, f1: 12 / 18, support: 10 })
})

test('rows of a confusion are what there is, columns what is named; a class that never occurs has zeros', () => {
  const scores = classScoresOf([
    [3, 2, 0],
    [1, 4, 0],
    [0, 0, 0],
  ])
  expect(scores).toEqual([
    { precision: 3 / 4, recall: 3 / 5, f1: 6 / 9, support: 5 },
    { precision: 4 / 6, recall: 4 / 5, f1: 8 / 11, support: 5 },
    { precision: 0, recall: 0, f1: 0, support: 0 },
  ])
})
