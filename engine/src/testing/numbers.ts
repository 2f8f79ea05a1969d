import { randomStream, shuffled, uniform } from '../random.ts'

/** Numbers in −1 … 1. */
export function someNumbers(count: number, seed: number): Float64Array {
  const random = randomStream(seed, 'weights', 999)
  return Float64Array.from({ length: count }, () => 2 * uniform(random) - 1)
}

/** Numbers in −1 … 1 that lie at least 1 / count apart and from 0, so that no small step crosses a kink or changes a maximum. */
export function spacedNumbers(count: number, seed: number): Float64Array {
  const order = shuffled(count, randomStream(seed, 'order', 999))
  return Float64Array.from(order, (rank) => (2 * rank + 1 - count + (count % 2 === 0 ? 0 : 0.5)) / count)
}

/** Random bytes. */
export function someBytes(count: number, seed: number): Uint8Array {
  const random = randomStream(seed, 'dropout', 999)
  return Uint8Array.from({ length: count }, () => random() & 255)
}

/** Random integers 0 ≤ x < limit. */
export function someLabels(count: number, limit: number, seed: number): Int32Array {
  const random = randomStream(seed, 'order', 998)
  return Int32Array.from({ length: count }, () => random() % limit)
}

/**
 * Largest difference, relative to the largest expected size, or to `termSize` (default 0) if that is larger: a sum whose terms
 * cancel is as exact as its terms are, and not as what is left of them.
 */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>, termSize = 0): number {
  if (got.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let size = termSize
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [got[i] ?? Number.NaN, expected[i] ?? Number.NaN]
    if (Number.isNaN(a - b)) return Number.POSITIVE_INFINITY
    difference = Math.max(difference, Math.abs(a - b))
    size = Math.max(size, Math.abs(b))
  }
  return difference / (size || 1)
}
