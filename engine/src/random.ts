/** A stream of random 32-bit integers, 0 ≤ x < 2³². */
export type Random = () => number

/** What a stream is for; part of its key, so that streams of one seed are independent of each other. */
export type Purpose = 'weights' | 'order' | 'dropout' | 'augmentation'

const PURPOSES: Record<Purpose, number> = { weights: 1, order: 2, dropout: 3, augmentation: 4 }

/**
 * The stream of `seed` for one purpose and position (a parameter's index, an epoch, a step): a pure function of its arguments,
 * so nothing depends on how many numbers were drawn before. Generator: sfc32 of Chris Doty-Humphrey's PractRand 0.94,
 * keyed by murmur3's 32-bit finaliser over the arguments; the first 12 outputs are thrown away, as PractRand does.
 */
export function randomStream(seed: number, purpose: Purpose, ...position: readonly number[]): Random {
  let key = 0x9e3779b9
  for (const part of [seed, PURPOSES[purpose], ...position]) key = mix(key ^ mix(part + 0x9e3779b9))
  let a = mix(key + 1)
  let b = mix(key + 2)
  let c = mix(key + 3)
  let counter = 1
  const next = (): number => {
    const out = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + out
    return out >>> 0
  }
  for (let i = 0; i < 12; i++) next()
  return next
}

/** A number with 0 ≤ x < 1, of 32 random bits. */
export const uniform = (random: Random): number => random() / 2 ** 32

/** A standard normal number, by Box and Muller 1958. */
export function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log((random() + 1) / 2 ** 32))
  return radius * Math.cos(2 * Math.PI * uniform(random))
}

/** The numbers 0 … count − 1 in random order (Fisher and Yates; Durstenfeld 1964). */
export function shuffled(count: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    // Multiply-shift instead of modulo; its bias is below count / 2³².
    const j = Math.floor(uniform(random) * (i + 1))
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
  return order
}

/** Murmur3's 32-bit finaliser (Austin Appleby): every input bit moves every output bit. */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
