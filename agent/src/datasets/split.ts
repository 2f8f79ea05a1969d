import { seededRandom, shuffle } from './random.ts'

// Keeps the stream of splits apart from other streams of the same seed.
const SPLIT_STREAM = 0x73706c74

/** Indices into the labels, ascending; together each index once. */
export interface Split {
  readonly train: readonly number[]
  readonly validation: readonly number[]
}

/**
 * Shares `wanted` out in proportion to `counts`: whole parts first, the rest to the largest remainders; equal remainders by
 * lot. The rule of scikit-learn's `_approximate_mode`.
 */
function shareOut(counts: readonly number[], wanted: number, lots: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const exact = counts.map((count) => (count * wanted) / total)
  const shares = exact.map(Math.floor)
  const missing = wanted - shares.reduce((sum, share) => sum + share, 0)
  const remainder = (index: number): number => (exact[index] as number) - (shares[index] as number)
  const lot = (index: number): number => lots[index] as number
  const order = counts.map((_, index) => index).sort((a, b) => remainder(b) - remainder(a) || lot(a) - lot(b))
  for (const index of order.slice(0, missing)) (shares[index] as number)++
  return shares
}

/**
 * Holds out a fraction (0 ≤ `fraction` < 1) of the images, class by class in proportion, chosen by `seed`. The number held out is
 * rounded up, as scikit-learn's StratifiedShuffleSplit does, but never takes the last image.
 */
export function stratifiedSplit(labels: Uint8Array, classCount: number, fraction: number, seed: number): Split {
  const random = seededRandom(seed, SPLIT_STREAM)
  const byClass: number[][] = Array.from({ length: classCount }, () => [])
  for (const [index, label] of labels.entries()) byClass[label]?.push(index)
  const wanted = Math.min(Math.ceil(labels.length * fraction), Math.max(0, labels.length - 1))
  const lots = shuffle([...byClass.keys()], random)
  const counts = byClass.map((members) => members.length)
  const shares = labels.length === 0 ? counts : shareOut(counts, wanted, lots)
  const isHeldOut = new Uint8Array(labels.length)
  byClass.forEach((members, label) => {
    for (const index of shuffle(members, random).slice(0, shares[label])) isHeldOut[index] = 1
  })
  const indices = [...labels.keys()]
  return {
    train: indices.filter((index) => isHeldOut[index] === 0),
    validation: indices.filter((index) => isHeldOut[index] === 1),
  }
}
