import { expect, test } from 'vitest'
import { moveInMatrix } from './confusion.ts'

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
