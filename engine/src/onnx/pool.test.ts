import { expect, test } from 'vitest'
import { conv2d } from '../ir/conv.ts'
import { differentiate } from '../ir/differentiate.ts'
import { newGraph, sizeOf, type Value } from '../ir/graph.ts'
import { maxPool } from '../ir/pool.ts'
import { filled, input } from '../ir/shape.ts'
import { windowsOf } from '../ir/windows.ts'
import { runReference } from '../reference/run.ts'
import { compile } from '../runtime.ts'

const POOL = windowsOf([4, 4], [2, 2], [2, 2], 'valid')

async function gradientOf(image: readonly number[], throughConvolution: boolean): Promise<number[]> {
  const g = newGraph()
  const x = input(g, 'x', [1, 4, 4, 1])
  const filter = input(g, 'filter', [1, 1, 1, 1])
  const same = windowsOf([4, 4], [1, 1], [1, 1], 'valid')
  const pooled = maxPool(g, throughConvolution ? conv2d(g, x, filter, same) : x, POOL)
  const [dx] = differentiate(g, pooled, filled(g, pooled.shape, 1), [x])
  if (dx === undefined) throw new Error('no gradient')
  const feeds = new Map<Value, Float32Array>([
    [x, Float32Array.from(image)],
    [filter, Float32Array.of(1)],
  ])
  const compiled = await compile(g.nodes, [dx])
  const [got = new Float32Array()] = await compiled.run(feeds)
  expect([...got]).toEqual([...(runReference(g.nodes, feeds).get(dx) ?? [])])
  return [...got]
}

// Four windows: all equal, first and last equal, second and third equal, one maximum.
const TIES = [5, 5, 7, 1, 5, 5, 0, 7, 1, 9, 2, 3, 9, 0, 4, 8]
const EXPECTED = [1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]

test.each([true, false])(
  'of tied maxima the first alone gets the gradient (stored by window: %j)',
  async (byWindow) => {
    expect(await gradientOf(TIES, byWindow)).toEqual(EXPECTED)
  },
)

test('a window of nothing but zeros, as relu makes them, gets its gradient once', async () => {
  expect(await gradientOf(new Array(16).fill(0), false)).toEqual([1, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0])
})

test('in overlapping windows a pixel that wins twice gets both gradients', async () => {
  const g = newGraph()
  const x = input(g, 'x', [1, 3, 3, 1])
  const pooled = maxPool(g, x, windowsOf([3, 3], [2, 2], [1, 1], 'valid'))
  const [dx] = differentiate(g, pooled, filled(g, pooled.shape, 1), [x])
  if (dx === undefined) throw new Error('no gradient')
  const compiled = await compile(g.nodes, [dx])
  const [got = []] = await compiled.run(new Map([[x, Float32Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0)]]))
  expect([...got]).toEqual([0, 0, 0, 0, 4, 0, 0, 0, 0])
  expect(sizeOf(pooled.shape)).toBe(4)
})
