import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Value } from './ir/graph.ts'
import { runReference } from './reference/run.ts'
import { compile, type Feed } from './runtime.ts'
import type { OpCase } from './testing/arbitraries.ts'
import { BLOCKS, SHARED } from './testing/blocks.ts'
import { buildCase } from './testing/cases.ts'
import { DEVICES } from './testing/devices.ts'
import { relativeError } from './testing/numbers.ts'
import { DIFFERENTIABLE, OTHERS } from './testing/ops.ts'

/** Inputs lie in −1 … 1, or a little above. In float32, what cancels leaves errors of their size. */
const INPUT_SIZE = 1

const all: [string, fc.Arbitrary<OpCase>, boolean][] = [
  ...Object.entries({ ...DIFFERENTIABLE, ...SHARED }).map(([name, cases]): [string, fc.Arbitrary<OpCase>, boolean] => [
    name,
    cases,
    true,
  ]),
  ['conv2d, bias, relu, maxPool', BLOCKS, true],
  ...Object.entries(OTHERS).map(([name, cases]): [string, fc.Arbitrary<OpCase>, boolean] => [name, cases, false]),
]

describe.each(DEVICES)('on %s', (device) => {
  test.each(all)('%s and its gradient are what the float64 reference gives', async (_, cases, gradients) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.nat(1000), fc.boolean(), async (example, seed, optimise) => {
        const { nodes, feeds, output, gradients: wanted } = buildCase(example, seed, { gradients, optimise })
        const outputs = [output, ...wanted]
        const expected = runReference(nodes, feeds)
        const compiled = await compile(nodes, outputs, { device, threads: 1 })
        const got = await compiled.run(new Map([...feeds].map(([value, data]) => [value, toFeed(value, data)])))
        await compiled.close()
        outputs.forEach((value, i) => {
          expect(relativeError(got[i] ?? [], expected.get(value) ?? [], INPUT_SIZE)).toBeLessThan(1e-5)
        })
      }),
      { numRuns: 20 },
    )
  })
})

const toFeed = (value: Value, data: Float64Array): Feed =>
  value.type === 'int' ? Int32Array.from(data) : Float32Array.from(data)
