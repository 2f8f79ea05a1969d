import { expect, test } from 'vitest'
import { moveInMatrix, rowFractions, worstPairs } from './confusion.ts'

test('the pairs confused most are told by the fraction of the true class, then by their number', () => {
  const confusion = [
    [8, 2, 0],
    [5, 90, 5],
    [1, 0, 0],
  ]
  expect(rowFractions([...confusion, [0, 0, 0]])).toEqual([
    [0.8, 0.2, 0],
    [0.05, 0.9, 0.05],
    [1, 0, 0],
    [0, 0, 0],
  ])
  const pairs = worstPairs(confusion, ['cat', 'dog', 'owl'], 3)
  expect(pairs).toEqual([
    { cell: { was: 2, said: 0 }, was: 'owl', said: 'cat', fraction: 1, count: 1 },
    { cell: { was: 0, said: 1 }, was: 'cat', said: 'dog', fraction: 0.2, count: 2 },
    { cell: { was: 1, said: 0 }, was: 'dog', said: 'cat', fraction: 0.05, count: 5 },
  ])
})

test.each([
  ['ArrowRight', [1, 2]],
  ['ArrowLeft', [1, 0]],
  ['ArrowUp', [0, 1]],
  ['ArrowDown', [2, 1]],
  ['Home', [1, 0]],
  ['End', [1, 2]],
] as const)('in a matrix of 3 × 3 %s leads from its middle to %j, and never out of it', (key, [was, said]) => {
  expect(moveInMatrix(key, { was: 1, said: 1 }, 3)).toEqual({ was, said })
  expect(moveInMatrix(key, { was, said }, 3)).toEqual({ was, said })
})

test.each(['Enter', 'Tab', 'toString'])('%s leads nowhere in a matrix', (key) => {
  expect(moveInMatrix(key, { was: 1, said: 1 }, 3)).toBeNull()
})
