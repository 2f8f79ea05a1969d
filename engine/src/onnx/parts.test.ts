import { expect, test } from 'vitest'
import { conv2d } from '../ir/conv.ts'
import { maxPool } from '../ir/pool.ts'
import { windowsOf } from '../ir/windows.ts'
import { runReference } from '../reference/run.ts'
import { compile } from '../runtime.ts'
import { first, type OpCase, second } from '../testing/arbitraries.ts'
import { buildCase } from '../testing/cases.ts'
import { relativeError } from '../testing/numbers.ts'
import { lowerGraph } from './compile.ts'
import { partSize } from './lower/parts.ts'

const MIB = 2 ** 20

test.each([
  [128, MIB / 2, 2],
  [128, MIB / 2 + 1, 1],
  [12, MIB / 5, 4],
  [7, MIB / 5, 1],
  [3, 3 * MIB, 1],
  [10, MIB / 10, 10],
  [10, 1, 10],
])('%i samples of %i bytes each go in parts of %i: what fits 1 MiB and divides the batch', (batch, bytes, size) => {
  expect(partSize(batch, bytes)).toBe(size)
})

const CASES: readonly [string, OpCase][] = [
  [
    'filters of 5 × 5, one sample at a time',
    {
      shapes: [
        [3, 40, 40, 8],
        [5, 5, 8, 8],
      ],
      build: (g, inputs) => conv2d(g, first(inputs), second(inputs), windowsOf([40, 40], [5, 5], [1, 1], 'same')),
    },
  ],
  [
    'thin images, whose columns are rows of the filter',
    {
      shapes: [
        [6, 64, 64, 3],
        [3, 3, 3, 2],
      ],
      build: (g, inputs) => conv2d(g, first(inputs), second(inputs), windowsOf([64, 64], [3, 3], [1, 1], 'same')),
    },
  ],
  [
    'steps of two pixels, stored window by window for a pool',
    {
      shapes: [
        [4, 80, 60, 9],
        [3, 3, 9, 3],
      ],
      build: (g, inputs) => {
        const y = conv2d(g, first(inputs), second(inputs), windowsOf([80, 60], [3, 3], [2, 2], 'same'))
        return maxPool(g, y, windowsOf([40, 30], [2, 2], [2, 2], 'valid'))
      },
    },
  ],
]

test.each(CASES)('a convolution in parts and its gradients are those of the reference: %s', async (_, example) => {
  const { nodes, feeds, output, gradients } = buildCase({ ...example, numbers: 'random' }, 1, { gradients: true })
  const outputs = [output, ...gradients]
  const scans = Buffer.from(lowerGraph(nodes, outputs).model).toString('latin1').split('num_scan_inputs').length - 1
  expect(scans).toBe(3)
  const expected = runReference(nodes, feeds)
  const compiled = await compile(nodes, outputs)
  const got = await compiled.run(new Map([...feeds].map(([value, data]) => [value, Float32Array.from(data)])))
  await compiled.close()
  outputs.forEach((value, i) => {
    expect(relativeError(got[i] ?? [], expected.get(value) ?? [], 1)).toBeLessThan(1e-5)
  })
})
