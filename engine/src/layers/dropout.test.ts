import { expect, test } from 'vitest'
import { newGraph, type Value } from '../ir/graph.ts'
import { input, toFloat } from '../ir/shape.ts'
import { randomStream } from '../random.ts'
import { runReference } from '../reference/run.ts'
import { fillMask } from '../stepper.ts'
import { dropout } from './dropout.ts'
import { readFields } from './fields.ts'

test('while training, numbers are dropped or divided by 1 − rate; while predicting, nothing happens', () => {
  const layer = dropout('dropout_1', readFields({ rate: 0.75 }, 'dropout_1'), [4])
  const g = newGraph()
  const x = input(g, 'x', [1, 4])
  const mask = input(g, 'mask', [1, 4], 'byte')
  let keep = 0
  const draw = (_: string, __: readonly number[], kept: number): Value => {
    keep = kept
    return toFloat(g, mask)
  }
  const y = layer.build(g, x, [], { mask: draw, update: () => undefined })
  const values = runReference(
    g.nodes,
    new Map([
      [x, [1, 2, 3, 4]],
      [mask, [0, 1, 1, 0]],
    ]),
  )
  expect([...(values.get(y) ?? [])]).toEqual([0, 8, 12, 0])
  expect(keep).toBe(0.25)
  expect(layer.build(g, x, [], null)).toBe(x)
})

test.each([0.1, 0.5, 0.9, 1])('a mask keeps a share of %d', (keep) => {
  const mask = new Uint8Array(50_001)
  fillMask(mask, keep, randomStream(1, 'dropout'))
  const kept = mask.reduce((sum, bit) => sum + bit, 0) / mask.length
  // Five standard deviations.
  expect(Math.abs(kept - keep)).toBeLessThanOrEqual(5 * Math.sqrt((keep * (1 - keep)) / mask.length))
})

test.each([-0.1, 1, Number.NaN])('refuses rate %d', (rate) => {
  expect(() => dropout('dropout_1', readFields({ rate }, 'dropout_1'), [4])).toThrow(/dropout_1.rate: expected/)
})
