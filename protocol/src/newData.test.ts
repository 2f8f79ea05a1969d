import { expect, test } from 'vitest'
import { describeChanges } from './newData.ts'

test.each([
  [12, 0, 0, '12 new images'],
  [1, 0, 0, '1 new image'],
  [12, 1, 2, '12 new images, 1 changed, 2 removed'],
  [0, 3, 1, '3 changed images, 1 removed'],
  [0, 0, 1, '1 removed image'],
  [0, 0, 0, 'no new images'],
  [10_000, 0, 0, '10,000 new images'],
])('%d new, %d changed and %d removed images are “%s”', (added, changed, removed, text) => {
  expect(describeChanges({ added, changed, removed })).toBe(text)
})
