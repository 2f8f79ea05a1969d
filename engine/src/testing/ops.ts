import fc from 'fast-check'
import { conv2d } from '../ir/conv.ts'
import {
  abs,
  erf,
  exp,
  gate,
  greater,
  log,
  minus,
  over,
  plus,
  relu,
  sigmoid,
  sign,
  sqrt,
  tanh,
  times,
} from '../ir/elementwise.ts'
import { type Graph, type Shape, sizeOf, type Value } from '../ir/graph.ts'
import { matMul, sum } from '../ir/linear.ts'
import { crossEntropy, isCorrect, softmax } from '../ir/loss.ts'
import { maxPool } from '../ir/pool.ts'
import { concat, constant, reshape, slice, toFloat } from '../ir/shape.ts'
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

const size = fc.integer({ min: 1, max: 4 })
const matrix = fc.tuple(size, size)
const image = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 3, max: 7 }),
  fc.integer({ min: 3, max: 7 }),
  size,
)

const windows = (height: number, width: number): fc.Arbitrary<Windows> =>
  fc
    .record({
      size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      padding: fc.constantFrom('same' as const, 'valid' as const),
    })
    .map(({ size, strides, padding }) => windowsOf([height, width], size, strides, padding))

const first = (values: readonly Value[]): Value => at(values, 0)
const second = (values: readonly Value[]): Value => at(values, 1)
function at(values: readonly Value[], i: number): Value {
  const value = values[i]
  if (value === undefined) throw new Error(`no input ${i}`)
  return value
}

const ofMatrix = (build: OpCase['build'], numbers: OpCase['numbers'] = 'spaced'): fc.Arbitrary<OpCase> =>
  matrix.map((shape) => ({ shapes: [shape], build, numbers }))

const ofTwo = (build: OpCase['build']): fc.Arbitrary<OpCase> =>
  fc.tuple(image, fc.integer({ min: 0, max: 3 })).map(([shape, kind]) => {
    const [n, , , c] = shape
    const other = [shape, [c], [], [n, 1, 1, 1]][kind] ?? shape
    return { shapes: [shape, other], build, numbers: 'positive' as const }
  })

/** Ops with a gradient rule. */
export const DIFFERENTIABLE: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  relu: ofMatrix((g, inputs) => relu(g, first(inputs))),
  sqrt: ofMatrix((g, inputs) => sqrt(g, first(inputs)), 'positive'),
  exp: ofMatrix((g, inputs) => exp(g, first(inputs))),
  log: ofMatrix((g, inputs) => log(g, first(inputs)), 'positive'),
  sigmoid: ofMatrix((g, inputs) => sigmoid(g, first(inputs))),
  tanh: ofMatrix((g, inputs) => tanh(g, first(inputs))),
  // Out to where erf is nearly 1.
  erf: ofMatrix((g, inputs) => erf(g, times(g, first(inputs), constant(g, [], [4])))),
  abs: ofMatrix((g, inputs) => abs(g, first(inputs))),
  // Only the second operand of a gate has a gradient: the first must get one from elsewhere.
  gate: ofMatrix((g, inputs) => gate(g, first(inputs), times(g, first(inputs), first(inputs)))),
  'gate of a broadcast operand': matrix.map((shape) => ({
    shapes: [shape, shape.slice(-1)],
    build: (g, inputs) => plus(g, gate(g, first(inputs), second(inputs)), first(inputs)),
  })),
  reshape: ofMatrix((g, inputs) =>
    reshape(g, first(inputs), [first(inputs).shape[1] ?? 1, first(inputs).shape[0] ?? 1]),
  ),
  add: ofTwo((g, inputs) => plus(g, first(inputs), second(inputs))),
  subtract: ofTwo((g, inputs) => minus(g, first(inputs), second(inputs))),
  multiply: ofTwo((g, inputs) => times(g, first(inputs), second(inputs))),
  divide: ofTwo((g, inputs) => over(g, first(inputs), second(inputs))),
  concat: fc.tuple(matrix, size).map(([[rows, columns], more]) => ({
    shapes: [
      [rows, columns],
      [more, columns],
    ],
    build: (g, inputs) => concat(g, inputs, 0),
  })),
  matMul: fc.tuple(size, size, size, fc.boolean(), fc.boolean()).map(([rows, inner, columns, ta, tb]) => ({
    shapes: [ta ? [inner, rows] : [rows, inner], tb ? [columns, inner] : [inner, columns]],
    build: (g, inputs) => matMul(g, first(inputs), second(inputs), ta, tb),
  })),
  'matMul plus bias': fc.tuple(size, size, size).map(([rows, inner, columns]) => ({
    shapes: [[rows, inner], [inner, columns], [columns]],
    build: (g, inputs) => plus(g, matMul(g, first(inputs), second(inputs)), at(inputs, 2)),
  })),
  conv2d: fc.tuple(image, size).chain(([shape, filters]) =>
    windows(shape[1], shape[2]).map((w) => ({
      shapes: [shape, [w.height, w.width, shape[3], filters]],
      build: (g, inputs) => conv2d(g, first(inputs), second(inputs), w),
    })),
  ),
  maxPool: image.chain((shape) =>
    windows(shape[1], shape[2]).map((w) => ({ shapes: [shape], build: (g, inputs) => maxPool(g, first(inputs), w) })),
  ),
  softmax: ofMatrix((g, inputs) => softmax(g, first(inputs))),
  crossEntropy: fc.tuple(size, size).map(([batch, classes]) => ({
    shapes: [[batch, classes], [batch]],
    classes,
    build: (g, inputs) => crossEntropy(g, first(inputs), second(inputs)),
  })),
}

/** What the fast formulations must not break: values that somebody else reads too. */
export const SHARED: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  'a product that is added and read': fc.tuple(size, size, size).map(([rows, inner, columns]) => ({
    shapes: [[rows, inner], [inner, columns], [columns]],
    build: (g, inputs) => {
      const product = matMul(g, first(inputs), second(inputs))
      return concat(g, [plus(g, product, at(inputs, 2)), product], 0)
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

/** Ops without one. */
export const OTHERS: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  sign: ofMatrix((g, inputs) => sign(g, first(inputs))),
  greater: fc.tuple(matrix, fc.boolean()).map(([shape, isBias]) => ({
    shapes: [shape, isBias ? shape.slice(-1) : shape],
    build: (g, inputs) => greater(g, first(inputs), second(inputs)),
  })),
  constant: ofMatrix((g) => constant(g, [2], [3, 4])),
  toFloat: fc.constant({
    shapes: [[3]],
    classes: 5,
    build: (g: Graph, inputs: readonly Value[]) => toFloat(g, first(inputs)),
  }),
  slice: fc.tuple(size, size, size).map(([before, kept, after]) => ({
    shapes: [[2, before + kept + after, 3]],
    build: (g, inputs) => slice(g, first(inputs), 1, before, kept),
  })),
  sum: fc.tuple(image, fc.subarray([0, 1, 2, 3], { minLength: 1 })).map(([shape, axes]) => ({
    shapes: [shape],
    build: (g, inputs) => sum(g, first(inputs), axes),
    // Spaced numbers may add up to zero, to which no error is relative.
    numbers: 'random' as const,
  })),
  isCorrect: fc.tuple(size, size).map(([batch, classes]) => ({
    shapes: [[batch, classes], [batch]],
    classes,
    build: (g, inputs) => isCorrect(g, first(inputs), second(inputs)),
  })),
}

/** The block that the passes and layouts rewrite, with tiled and other pools. */
export const BLOCKS: fc.Arbitrary<OpCase> = fc.tuple(image, size, fc.boolean()).chain(([shape, filters, isTiled]) =>
  windows(shape[1], shape[2]).chain((w) => {
    const pools = windows(w.outputHeight, w.outputWidth).filter((p) => p.outputHeight > 0 && p.outputWidth > 0)
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
