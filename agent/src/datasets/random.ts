/** A seeded stream of chance. The same words give the same stream on every machine: integers, + − × ÷ and √ only. */
export interface Random {
  /** The next 32 bits, 0 ≤ x < 2³². */
  bits(): number
  /** A number drawn evenly from low ≤ x < high. */
  between(low: number, high: number): number
  /** An integer drawn evenly from 0 ≤ x < count; 1 ≤ count ≤ 2²⁰ (beyond that the bias of scaling would show). */
  below(count: number): number
  /** True with the given probability, 0 ≤ p ≤ 1. */
  chance(probability: number): boolean
}

const TWO_32 = 2 ** 32
const WARM_UP_ROUNDS = 12

/**
 * Starts a stream from up to three 32-bit words, for example (data set, split, image).
 * Source: sfc32, the 32-bit generator of C. Doty-Humphrey's PractRand, with its counter seeded to 1.
 */
export function seededRandom(first: number, second = 0, third = 0): Random {
  let a = first | 0
  let b = second | 0
  let c = third | 0
  let counter = 1
  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) bits()
  return {
    bits,
    between: (low, high) => low + ((high - low) * bits()) / TWO_32,
    below: (count) => Math.floor((bits() * count) / TWO_32),
    chance: (probability) => bits() < probability * TWO_32,
  }
}

/** Shuffles in place (Fisher–Yates) and returns the same array. */
export function shuffle<T>(items: T[], random: Random): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const pick = random.below(last + 1)
    const held = items[last] as T
    items[last] = items[pick] as T
    items[pick] = held
  }
  return items
}
