import { expect, test } from 'vitest'
import { seenPart } from './sees.ts'

test.each([
  ['fill', 200, 100, [0, 0, 200, 100]],
  ['cover', 200, 100, [50, 0, 100, 100]],
  ['cover', 100, 300, [0, 100, 100, 100]],
  ['cover', 64, 64, [0, 0, 64, 64]],
] as const)('%s of %i × %i', (fit, width, height, part) => {
  expect(seenPart(width, height, { fit, width: 32, height: 32, channels: 'rgb' })).toEqual(part)
})
