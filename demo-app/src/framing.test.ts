import { expect, test } from 'vitest'
import { firstFrame, type Grip, partOf, pulled } from './framing.ts'

const SIZE = { width: 200, height: 100 }
const FRAME = { left: 50, top: 20, right: 90, bottom: 60 }

test('begins as a square in the middle, well inside', () => {
  expect(firstFrame(SIZE)).toEqual({ left: 65, top: 15, right: 135, bottom: 85 })
})

test.each<[Grip, number, number, [number, number, number, number]]>([
  ['move', 10, -5, [60, 15, 100, 55]],
  ['move', -500, 500, [0, 60, 40, 100]],
  ['move', 500, -500, [160, 0, 200, 40]],
  ['topLeft', -10, 5, [40, 25, 90, 60]],
  ['topLeft', -500, -500, [0, 0, 90, 60]],
  ['topLeft', 500, 500, [85, 55, 90, 60]],
  ['topRight', 20, -5, [50, 15, 110, 60]],
  ['bottomLeft', -5, 10, [45, 20, 90, 70]],
  ['bottomRight', 500, 500, [50, 20, 200, 100]],
  ['bottomRight', -500, -500, [50, 20, 55, 25]],
])('pulled at %s by %i, %i', (grip, dx, dy, [left, top, right, bottom]) => {
  expect(pulled(FRAME, grip, dx, dy, SIZE)).toEqual({ left, top, right, bottom })
})

test.each([
  [{ left: 0.4, top: 0.6, right: 199.6, bottom: 99.9 }, [0, 1, 200, 99]],
  [{ left: 199.9, top: 99.9, right: 200, bottom: 100 }, [199, 99, 1, 1]],
  [{ left: 10.2, top: 10.2, right: 10.4, bottom: 10.4 }, [10, 10, 1, 1]],
])('%j covers whole pixels, at least one', (frame, [left, top, width, height]) => {
  expect(partOf(frame, SIZE)).toEqual({ left, top, width, height })
})
