import fc from 'fast-check'
import { conv2d } from '../ir/conv.ts'
import { minus, over, plus, relu } from '../ir/elementwise.ts'
import { type Graph, sizeOf, type Value } from '../ir/graph.ts'
import { matMul } from '../ir/linear.ts'
import { maxPool } from '../ir/pool.ts'
import { concat, flatten, reshape } from '../ir/shape.ts'
import { windowsOf } from '../ir/windows.ts'
import { at, first, image, type OpCase, second, size, windows } from './arbitraries.ts'

/** What the fast formulations must not break: values that somebody else reads too. */
export const SHARED: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  'a product that is added and read': fc.tuple(size, size, size).map(([rows, inner, columns]) => ({
    shapes: [[rows, inner], [inner, columns], [columns]],
    build: (g, inputs) => {
      const product = matMul(g, first(inputs), second(inputs))
      return concat(g, [plus(g, product, at(inputs, 2)), product], 0)
    },
  })),
  'vectors beside large images': fc
    .tuple(fc.integer({ min: 3, max: 4 }), fc.integer({ min: 13, max: 30 }))
    .map(([batch, channels]) => ({
      shapes: [[batch, 24, 16, channels], [channels], [channels]],
      numbers: 'positive' as const,
      build: (g, inputs) => relu(g, over(g, minus(g, first(inputs), second(inputs)), at(inputs, 2))),
    })),
  // Longer than what the native engine repeats within a chain.
  'a bias of 5,000': fc.constant({
    shapes: [[2, 5000], [5000]],
    build: (g: Graph, inputs: readonly Value[]) => relu(g, plus(g, first(inputs), second(inputs))),
  }),
  'windows that differ in their last row and column': fc.tuple(size, size).map(([batch, channels]) => ({
    shapes: [
      [batch, 4, 4, channels],
      [2, 2, channels, 2],
    ],
    numbers: 'random' as const,
    build: (g, inputs) => {
      const both = (['same', 'valid'] as const).map((padding) => windowsOf([4, 4], [2, 2], [1, 1], padding))
      const values = both.flatMap((w) => [conv2d(g, first(inputs), second(inputs), w), maxPool(g, first(inputs), w)])
      return flatten(g, values)
    },
  })),
  'a convolution that is pooled twice and read': fc.tuple(size, size).map(([batch, channels]) => ({
    shapes: [
      [batch, 4, 4, channels],
      [3, 3, channels, 2],
    ],
    numbers: 'random' as const,
    build: (g, inputs) => {
      const y = conv2d(g, first(inputs), second(inputs), windowsOf([4, 4], [3, 3], [1, 1], 'same'))
      const pools = [windowsOf([4, 4], [2, 2], [2, 2], 'valid'), windowsOf([4, 4], [3, 3], [1, 1], 'same')]
      const pooled = [...pools.map((w) => maxPool(g, y, w)), y]
      return concat(
        g,
        pooled.map((value) => reshape(g, value, [batch, sizeOf(value.shape) / batch])),
        1,
      )
    },
  })),
}

/** The block that the passes and layouts rewrite, with tiled and other pools. */
export const BLOCKS: fc.Arbitrary<OpCase> = fc.tuple(image, size, fc.boolean()).chain(([shape, filters, isTiled]) =>
  windows(shape[1], shape[2], 2).chain((w) => {
    const pools = windows(w.outputHeight, w.outputWidth)
    const tiles = fc.constant(
      windowsOf(
        [w.outputHeight, w.outputWidth],
        [1 + (w.outputHeight > 1 ? 1 : 0), w.outputWidth > 1 ? 2 : 1],
        [w.outputHeight > 1 ? 2 : 1, w.outputWidth > 1 ? 2 : 1],
        'valid',
      ),
    )
    return (isTiled ? tiles : pools).map((p) => ({
      shapes: [shape, [w.height, w.width, shape[3], filters], [filters]],
      build: (g: Graph, inputs: readonly Value[]) =>
        maxPool(g, relu(g, plus(g, conv2d(g, first(inputs), second(inputs), w), at(inputs, 2))), p),
      numbers: 'random' as const,
    }))
  }),
)
