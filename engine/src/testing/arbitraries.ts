import fc from 'fast-check'
import type { Graph, Shape, Value } from '../ir/graph.ts'
import { type Windows, windowsOf } from '../ir/windows.ts'

/** One op on inputs of random shapes, for every test that goes through all ops. */
export interface OpCase {
  readonly shapes: readonly Shape[]
  build(g: Graph, inputs: readonly Value[]): Value
  /** Classes of a label input, given last. */
  readonly classes?: number
  /** 'spaced' (default): see spacedNumbers; 'positive': 0.5 … 2.5, spaced; 'random': −1 … 1, where kinks do not matter. */
  readonly numbers?: 'spaced' | 'positive' | 'random'
}

export const size = fc.integer({ min: 1, max: 4 })
export const matrix = fc.tuple(size, size)
export const image = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 3, max: 7 }),
  fc.integer({ min: 3, max: 7 }),
  size,
)

/** `dilation` is the largest. A dilated window in a small image may lie in nothing but padding, so those of pools have none. */
export const windows = (height: number, width: number, dilation = 1): fc.Arbitrary<Windows> =>
  fc
    .record({
      size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      padding: fc.constantFrom('same' as const, 'valid' as const),
      dilations: fc.tuple(fc.integer({ min: 1, max: dilation }), fc.integer({ min: 1, max: dilation })),
    })
    .map(({ size, strides, padding, dilations }) => windowsOf([height, width], size, strides, padding, dilations))
    .filter((w) => w.outputHeight > 0 && w.outputWidth > 0)

export const first = (values: readonly Value[]): Value => at(values, 0)
export const second = (values: readonly Value[]): Value => at(values, 1)
export function at(values: readonly Value[], i: number): Value {
  const value = values[i]
  if (value === undefined) throw new Error(`no input ${i}`)
  return value
}

export const ofMatrix = (build: OpCase['build'], numbers: OpCase['numbers'] = 'spaced'): fc.Arbitrary<OpCase> =>
  matrix.map((shape) => ({ shapes: [shape], build, numbers }))

export const ofTwo = (build: OpCase['build']): fc.Arbitrary<OpCase> =>
  fc.tuple(image, fc.integer({ min: 0, max: 4 })).map(([shape, kind]) => {
    const [n, , , c] = shape
    const other = [shape, [c], [], [n, 1, 1, 1], [n, 1, 1, c]][kind] ?? shape
    return { shapes: [shape, other], build, numbers: 'positive' as const }
  })
