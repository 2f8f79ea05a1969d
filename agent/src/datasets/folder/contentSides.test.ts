import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type Side, sideOf } from './contentSides.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const hashes = Array.from({ length: 10_000 }, (_, n) => hashOf(`picture ${n}`))
const RULE = { testSplit: 0.2, validationSplit: 0.1, seed: 0 }
const countsOf = (sides: readonly Side[]) =>
  (['train', 'validation', 'test'] as const).map((side) => sides.filter((one) => one === side).length)

test('fractions are met about: within four standard deviations of chance', () => {
  const [, validation = 0, tested = 0] = countsOf(hashes.map((hash) => sideOf(hash, RULE)))
  // Binomial: 10,000 × 0.2 ± 40 and 10,000 × 0.8 × 0.1 ± 27.
  expect(Math.abs(tested - 2000)).toBeLessThan(160)
  expect(Math.abs(validation - 800)).toBeLessThan(108)
})

test('a fraction of 0 gives nothing to that side', () => {
  const sides = hashes.slice(0, 1000).map((hash) => sideOf(hash, { testSplit: 0, validationSplit: 0, seed: 1 }))
  expect(countsOf(sides)).toEqual([1000, 0, 0])
})

test('a larger fraction only adds to a side; the test set does not depend on the validation split', () => {
  for (const hash of hashes.slice(0, 2000)) {
    const side = sideOf(hash, RULE)
    if (side === 'test') {
      expect(sideOf(hash, { ...RULE, testSplit: 0.5 })).toBe('test')
      expect(sideOf(hash, { ...RULE, validationSplit: 0.9 })).toBe('test')
    }
    if (side === 'validation') expect(sideOf(hash, { ...RULE, validationSplit: 0.3 })).toBe('validation')
  }
})

test('another seed shares out anew: two test sets of a fifth have a fifth in common', () => {
  const first = hashes.filter((hash) => sideOf(hash, RULE) === 'test')
  const both = first.filter((hash) => sideOf(hash, { ...RULE, seed: 7 }) === 'test')
  expect(both.length / first.length).toBeGreaterThan(0.15)
  expect(both.length / first.length).toBeLessThan(0.25)
})
