import { expect, test } from 'vitest'
import { normal, type Purpose, randomStream, shuffled, uniform } from './random.ts'

const take = (count: number, random: () => number): number[] => Array.from({ length: count }, random)

test('a stream depends on seed, purpose and position, and on nothing else', () => {
  const streams = [
    [1, 'weights', 0],
    [2, 'weights', 0],
    [1, 'order', 0],
    [1, 'weights', 1],
    [0, 'weights', 1],
    [2 ** 32 - 1, 'weights', 0],
  ] as const satisfies readonly (readonly [number, Purpose, number])[]
  const drawn = streams.map(([seed, purpose, position]) => take(4, randomStream(seed, purpose, position)).join())
  expect(new Set(drawn).size).toBe(streams.length)
  expect(take(4, randomStream(1, 'weights', 0)).join()).toBe(drawn[0])
})

// Written down once: another value here means that no seed gives the weights that it gave before.
test('the first numbers of seed 42 never change', () => {
  expect(take(3, randomStream(42, 'weights', 0))).toEqual([1761701584, 2798756373, 1314902162])
})

test('uniform and normal numbers have the moments of their distributions', () => {
  const random = randomStream(3, 'weights')
  const count = 100_000
  const [u, n] = [uniform, normal].map((drawOne) => take(count, () => drawOne(random)))
  const mean = (values: number[] = []): number => values.reduce((a, b) => a + b, 0) / count
  const variance = (values: number[] = []): number => mean(values.map((x) => x * x)) - mean(values) ** 2
  // Four standard errors.
  expect(Math.abs(mean(u) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / count))
  expect(Math.abs(variance(u) - 1 / 12)).toBeLessThan(0.001)
  expect(Math.abs(mean(n))).toBeLessThan(4 / Math.sqrt(count))
  expect(Math.abs(variance(n) - 1)).toBeLessThan(0.02)
})

test('a shuffle holds every number once, and each of the 6 orders of 3 comes up equally often', () => {
  expect([...shuffled(100, randomStream(1, 'order'))].sort((a, b) => a - b)).toEqual(take(100, counter()))
  const counts = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const order = shuffled(3, randomStream(5, 'order', i)).join()
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  // Five standard deviations of a count of 1000 among 6000.
  for (const count of counts.values())
    expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(6000 * (1 / 6) * (5 / 6)))
})

function counter(): () => number {
  let next = 0
  return () => next++
}
