import { expect, test } from 'vitest'
import { moveInMatrix, namesGiven } from './confusion.ts'

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

test('the names that a class was given: mistakes first, the more frequent before, none that nobody gave', () => {
  const confusion = [
    [9, 2, 0, 5],
    [0, 4, 0, 0],
    [0, 0, 0, 0],
    [1, 1, 1, 1],
  ]
  const given = (was: number) => namesGiven(confusion, was).map(({ said, count }) => [said, count])
  expect(given(0)).toEqual([
    [3, 5],
    [1, 2],
    [0, 9],
  ])
  expect(given(1)).toEqual([[1, 4]])
  expect(given(2)).toEqual([])
  expect(given(7)).toEqual([])
})
