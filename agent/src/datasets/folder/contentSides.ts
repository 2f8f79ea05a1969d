import { createHash } from 'node:crypto'

/** The three sets of a dataset, in the order in which they are made. */
export const SIDES = ['train', 'validation', 'test'] as const
export type Side = (typeof SIDES)[number]

/** What the side of a picture depends on besides its content. */
export interface SideRule {
  /** Fraction for the test set; 0 ≤ x < 1. */
  readonly testSplit: number
  /** Fraction of the rest for validation; 0 ≤ x < 1. */
  readonly validationSplit: number
  readonly seed: number
}

const TWO_32 = 2 ** 32

/**
 * The side of a picture by the SHA-256 of its file: two numbers 0 ≤ x < 1 are drawn from the hash of seed and content, the first
 * decides about the test set, the second about validation. So no other picture matters, copies stay together, and another
 * `validationSplit` leaves the test set as it is.
 */
export function sideOf(sha256: string, { testSplit, validationSplit, seed }: SideRule): Side {
  const drawn = createHash('sha256').update(`${seed}:${sha256}`).digest()
  if (drawn.readUInt32BE(0) < testSplit * TWO_32) return 'test'
  return drawn.readUInt32BE(4) < validationSplit * TWO_32 ? 'validation' : 'train'
}
