import { describe, expect, test } from 'vitest'
import { times } from '../ir/elementwise.ts'
import { newGraph, type Value } from '../ir/graph.ts'
import { batchNorm, meanOf } from '../ir/norm.ts'
import { input } from '../ir/shape.ts'
import { isNativeBuilt } from '../testing/devices.ts'
import { someNumbers } from '../testing/numbers.ts'
import { compileGraph } from './compile.ts'
import { readOnce } from './moments.ts'

const SHAPE = [5, 6, 7, 3]
const CHANNELS = 3

/** Mean and mean square of what differs from it, of each channel, by two readings in float64. */
function momentsOf(x: ArrayLike<number>): { mean: number[]; variance: number[] } {
  const columns = Array.from({ length: CHANNELS }, (_, channel) =>
    Array.from(x).filter((_, i) => i % CHANNELS === channel),
  )
  const meanOf = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  const mean = columns.map(meanOf)
  return { mean, variance: columns.map((column, i) => meanOf(column.map((number) => (number - (mean[i] ?? 0)) ** 2))) }
}

async function nativeMoments(x: Float32Array): Promise<{ mean: Float32Array; variance: Float32Array }> {
  const g = newGraph()
  const given = input(g, 'x', SHAPE)
  const [gamma, beta] = [input(g, 'gamma', [CHANNELS]), input(g, 'beta', [CHANNELS])]
  const { mean, variance } = batchNorm(g, given, gamma, beta, 1e-3)
  const compiled = await compileGraph(g.nodes, [mean, variance], { device: 'native', threads: 1 })
  const vector = new Float32Array(CHANNELS)
  const feeds = new Map<Value, Float32Array>([
    [given, x],
    [gamma, vector],
    [beta, vector],
  ])
  const [first = vector, second = vector] = await compiled.run(feeds)
  return { mean: first, variance: second }
}

describe.skipIf(!isNativeBuilt)('from one reading come the mean and the variance', () => {
  const spread = (mean: number, deviation: number): Float32Array =>
    Float32Array.from(someNumbers(5 * 6 * 7 * CHANNELS, 3), (number) => mean + deviation * number)
  // The first image is nothing like the others; and the first row stands out from its own image.
  const [oddImage, oddRow] = [spread(0, 1).fill(40, 0, 6 * 7 * CHANNELS), spread(0, 1).fill(1000, 0, CHANNELS)]
  test.each([
    ['numbers around zero', spread(0, 1), 1e-5],
    ['numbers far from zero, beside their spread', spread(1000, 1), 1e-3],
    ['tiny numbers', spread(0, 1e-6), 1e-5],
    ['a first image that is nothing like the others', oddImage, 1e-5],
    ['a first row that stands out', oddRow, 1e-4],
  ])('of %s', async (_, x, bound) => {
    const [got, expected] = [await nativeMoments(x), momentsOf(x)]
    for (let i = 0; i < CHANNELS; i++) {
      expect(got.mean[i]).toBeCloseTo(expected.mean[i] ?? Number.NaN, 3)
      expect(Math.abs((got.variance[i] ?? Number.NaN) / (expected.variance[i] ?? 0) - 1)).toBeLessThan(bound)
    }
  })

  test('of numbers that are all the same, of which no variance below zero comes', async () => {
    const { mean, variance } = await nativeMoments(spread(0.1, 0))
    for (let i = 0; i < CHANNELS; i++) {
      expect(mean[i]).toBeCloseTo(0.1, 6)
      expect(variance[i]).toBeGreaterThanOrEqual(0)
      expect(variance[i]).toBeLessThan(1e-12)
    }
  })
})

test('squares of something else than what differs from the mean stay as they are', () => {
  const g = newGraph()
  const x = input(g, 'x', SHAPE)
  meanOf(g, x)
  meanOf(g, times(g, x, x))
  expect(readOnce(g.nodes)).toEqual(g.nodes)
})
