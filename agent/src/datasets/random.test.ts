import { expect, test } from 'vitest'
import { seededRandom, shuffle } from './random.ts'

/** sfc32 once more, in integers of any size, so that no 32-bit trick of the code under test is repeated. */
function* oracle(first: bigint, second: bigint, third: bigint): Generator<bigint, never, undefined> {
  const word = (value: bigint): bigint => value & 0xffffffffn
  let [a, b, c, counter] = [first, second, third, 1n]
  for (;;) {
    const sum = word(a + b + counter)
    counter = word(counter + 1n)
    a = word(b ^ (b >> 9n))
    b = word(c + (c << 3n))
    c = word(word((c << 21n) | (c >> 11n)) + sum)
    yield sum
  }
}

test.each([
  [0, 0, 0],
  [1, 2, 3],
  [0xffffffff, 0x80000000, 12345],
])('the stream of %i, %i, %i is that of sfc32 after twelve rounds', (first, second, third) => {
  const expected = oracle(BigInt(first), BigInt(second), BigInt(third))
  for (let round = 0; round < 12; round++) expected.next()
  const random = seededRandom(first, second, third)
  for (let draw = 0; draw < 1000; draw++) expect(BigInt(random.bits())).toBe(expected.next().value)
})

test('integers below 6 fall evenly, and never on 6', () => {
  const random = seededRandom(7)
  const counts = Array(6).fill(0)
  for (let draw = 0; draw < 60_000; draw++) counts[random.below(6)]++
  // Chi-squared, 5 degrees of freedom: above 20.5 happens once in a thousand seeds; this seed is fixed.
  const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
  expect(chi).toBeLessThan(20.5)
  expect(counts).toHaveLength(6)
})

test('a shuffle keeps every item and follows its seed', () => {
  const shuffled = (seed: number): number[] => shuffle([...Array(100).keys()], seededRandom(seed))
  expect([...shuffled(1)].sort((a, b) => a - b)).toEqual([...Array(100).keys()])
  expect(shuffled(1)).toEqual(shuffled(1))
  expect(shuffled(1)).not.toEqual(shuffled(2))
})
