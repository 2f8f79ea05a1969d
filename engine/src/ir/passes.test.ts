import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runReference } from '../reference/run.ts'
import { BLOCKS } from '../testing/blocks.ts'
import { buildCase } from '../testing/cases.ts'
import { relativeError } from '../testing/numbers.ts'

test('pooling first changes neither values nor gradients', () => {
  fc.assert(
    fc.property(BLOCKS, fc.nat(1000), (example, seed) => {
      const [plain, optimised] = [false, true].map((optimise) => {
        const { nodes, feeds, output, gradients } = buildCase(example, seed, { gradients: true, optimise })
        const values = runReference(nodes, feeds)
        return { nodes, results: [output, ...gradients].map((value) => values.get(value) ?? []) }
      })
      expect(optimised?.nodes.map(({ op }) => op.type)).not.toEqual(plain?.nodes.map(({ op }) => op.type))
      plain?.results.forEach((expected, i) => {
        expect(relativeError(optimised?.results[i] ?? [], expected, 1)).toBeLessThan(1e-12)
      })
    }),
    { numRuns: 50 },
  )
})
