import { expect, test } from 'vitest'
import { stratifiedSplit } from './split.ts'

const labelsOf = (...counts: number[]): Uint8Array =>
  Uint8Array.from(counts.flatMap((count, label) => Array<number>(count).fill(label)))

const countsOf = (labels: Uint8Array, indices: readonly number[], classCount: number): number[] =>
  Array.from({ length: classCount }, (_, label) => indices.filter((index) => labels[index] === label).length)

// Worked out by hand after scikit-learn: ceil(n × fraction) images, whole proportional parts, rest by largest remainder.
test.each([
  { counts: [10, 10, 10], fraction: 0.1, held: [1, 1, 1] },
  { counts: [500, 500], fraction: 0.1, held: [50, 50] },
  { counts: [60, 30, 10], fraction: 0.25, held: [15, 8, 2], or: [15, 7, 3] },
  { counts: [7, 2, 1], fraction: 0.3, held: [2, 1, 0] },
  { counts: [1, 99], fraction: 0.5, held: [1, 49], or: [0, 50] },
  { counts: [10, 0, 10], fraction: 0.2, held: [2, 0, 2] },
  { counts: [5, 5], fraction: 0, held: [0, 0] },
  { counts: [5, 5], fraction: 0.999, held: [4, 5], or: [5, 4] },
  { counts: [0, 0], fraction: 0.5, held: [0, 0] },
])('of $counts images, $fraction holds out $held', ({ counts, fraction, held, or }) => {
  const labels = labelsOf(...counts)
  const { train, validation } = stratifiedSplit(labels, counts.length, fraction, 1)
  expect([held, or]).toContainEqual(countsOf(labels, validation, counts.length))
  expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()])
})

test('equal remainders are settled by lot: over many seeds each class wins about as often', () => {
  const labels = labelsOf(5, 5)
  const wins = [0, 0]
  for (let seed = 0; seed < 400; seed++) {
    const counts = countsOf(labels, stratifiedSplit(labels, 2, 0.3, seed).validation, 2)
    expect([...counts].sort()).toEqual([1, 2])
    for (const label of [0, 1]) if (counts[label] === 2) wins[label] = (wins[label] ?? 0) + 1
  }
  expect(Math.min(...wins)).toBeGreaterThan(150)
})

test('the same seed holds out the same images, another seed others', () => {
  const labels = labelsOf(100, 100)
  const heldOut = (seed: number): readonly number[] => stratifiedSplit(labels, 2, 0.1, seed).validation
  expect(heldOut(3)).toEqual(heldOut(3))
  expect(heldOut(3)).not.toEqual(heldOut(4))
})
