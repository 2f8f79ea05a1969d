import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stratifiedGroupSplit } from './groupSplit.ts'

/** Groups of one class each: `sizes[c]` has the sizes of class c's groups. */
function imagesOf(sizes: readonly (readonly number[])[]) {
  let group = 0
  const all = sizes.flatMap((own, label) =>
    own.flatMap((size) => {
      group++
      return new Array<{ label: number; group: number }>(size).fill({ label, group })
    }),
  )
  return { labels: all.map(({ label }) => label), groups: all.map((one) => one.group), classCount: sizes.length }
}

test('whole groups are held out, each image once, and a class is off by half its largest group at most', () => {
  const groups = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 12 })
  const sizes = fc.array(groups, { minLength: 2, maxLength: 4 })
  fc.assert(
    fc.property(sizes, fc.constantFrom(0.1, 0.2, 0.5), fc.nat(1000), (sizes, fraction, seed) => {
      const images = imagesOf(sizes)
      const { train, validation } = stratifiedGroupSplit(images, fraction, seed)
      expect([...train, ...validation].toSorted((a, b) => a - b)).toEqual([...images.labels.keys()])
      const groupsOf = (indices: readonly number[]) => new Set(indices.map((index) => images.groups[index]))
      expect([...groupsOf(train)].filter((group) => groupsOf(validation).has(group))).toEqual([])
      sizes.forEach((own, label) => {
        const total = own.reduce((sum, size) => sum + size, 0)
        const held = validation.filter((index) => images.labels[index] === label).length
        const kept =
          own.length - new Set(validation.filter((i) => images.labels[i] === label).map((i) => images.groups[i])).size
        expect(held).toBeLessThan(total)
        if (kept > 1) expect(Math.abs(held - total * fraction)).toBeLessThanOrEqual(Math.max(...own) / 2)
      })
    }),
  )
})

test('groups of several classes go where they bring all of them nearest to the fraction', () => {
  // Ten animals, each photographed as both classes: four pictures of one, one of the other.
  const pairs = Array.from({ length: 10 }, (_, group) => [0, 0, 0, 0, 1].map((label) => ({ label, group }))).flat()
  const images = { labels: pairs.map(({ label }) => label), groups: pairs.map(({ group }) => group), classCount: 2 }
  const { validation } = stratifiedGroupSplit(images, 0.2, 3)
  expect(validation.filter((index) => images.labels[index] === 0)).toHaveLength(8)
  expect(validation.filter((index) => images.labels[index] === 1)).toHaveLength(2)
})

test('the same seed and part hold out the same, others others; nothing of nothing', () => {
  const images = imagesOf([new Array<number>(40).fill(3), new Array<number>(40).fill(3)])
  const held = (seed: number, part?: number) => stratifiedGroupSplit(images, 0.25, seed, part).validation
  expect(held(1)).toEqual(held(1))
  expect(held(1)).toHaveLength(60)
  expect(held(1)).not.toEqual(held(2))
  expect(held(1)).not.toEqual(held(1, 1))
  expect(stratifiedGroupSplit(images, 0, 1).validation).toEqual([])
  expect(stratifiedGroupSplit({ labels: [], groups: [], classCount: 2 }, 0.5, 1)).toEqual({ train: [], validation: [] })
  // The only group of a class stays to be learned.
  expect(stratifiedGroupSplit(imagesOf([[9], [9]]), 0.9, 1).validation).toEqual([])
})
