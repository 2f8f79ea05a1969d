import fc from 'fast-check'
import { avgPool } from '../ir/avgpool.ts'
import { conv2d } from '../ir/conv.ts'
import { depthwiseConv2d } from '../ir/depthwise.ts'
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
  relu6,
  sigmoid,
  sign,
  softplus,
  sqrt,
  tanh,
  times,
} from '../ir/elementwise.ts'
import type { Graph, Value } from '../ir/graph.ts'
import { expand, matMul, sum } from '../ir/linear.ts'
import { crossEntropy, isCorrect, softmax } from '../ir/loss.ts'
import { batchNorm } from '../ir/norm.ts'
import { maxPool } from '../ir/pool.ts'
import { firstMax } from '../ir/rows.ts'
import { concat, constant, pad, reshape, slice, toFloat, transpose } from '../ir/shape.ts'
import { at, first, image, matrix, type OpCase, ofMatrix, ofTwo, second, size, windows } from './arbitraries.ts'

/** Ops with a gradient rule. */
export const DIFFERENTIABLE: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  relu: ofMatrix((g, inputs) => relu(g, first(inputs))),
  // To either side of both bounds.
  relu6: ofMatrix((g, inputs) => relu6(g, times(g, first(inputs), constant(g, [], [11])))),
  sqrt: ofMatrix((g, inputs) => sqrt(g, first(inputs)), 'positive'),
  exp: ofMatrix((g, inputs) => exp(g, first(inputs))),
  log: ofMatrix((g, inputs) => log(g, first(inputs)), 'positive'),
  sigmoid: ofMatrix((g, inputs) => sigmoid(g, first(inputs))),
  tanh: ofMatrix((g, inputs) => tanh(g, first(inputs))),
  // Out to where erf is nearly 1.
  erf: ofMatrix((g, inputs) => erf(g, times(g, first(inputs), constant(g, [], [4])))),
  abs: ofMatrix((g, inputs) => abs(g, first(inputs))),
  softplus: ofMatrix((g, inputs) => softplus(g, first(inputs))),
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
  slice: fc.tuple(size, size, size).map(([before, kept, after]) => ({
    shapes: [[2, before + kept + after, 3]],
    build: (g, inputs) => slice(g, first(inputs), 1, before, kept),
  })),
  pad: fc.tuple(image, fc.nat(3), fc.nat(2), fc.nat(2)).map(([shape, axis, before, after]) => ({
    shapes: [shape],
    build: (g, inputs) => pad(g, first(inputs), axis, before, after),
  })),
  transpose: fc.tuple(image, fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 })).map(([shape, permutation]) => ({
    shapes: [shape],
    build: (g, inputs) => transpose(g, first(inputs), permutation),
  })),
  sum: fc.tuple(image, fc.subarray([0, 1, 2, 3], { minLength: 1 })).map(([shape, axes]) => ({
    shapes: [shape],
    build: (g, inputs) => sum(g, first(inputs), axes),
    // Spaced numbers may add up to zero, to which no error is relative.
    numbers: 'random' as const,
  })),
  expand: fc.tuple(image, fc.subarray([0, 1, 2, 3]), fc.boolean()).map(([shape, axes, isShort]) => {
    const small = shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
    return {
      shapes: [isShort ? small.slice(1) : small],
      build: (g, inputs) => expand(g, first(inputs), shape),
    }
  }),
  'maximum of rows': ofMatrix((g, inputs) => sum(g, times(g, first(inputs), firstMax(g, first(inputs))), [1])),
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
    windows(shape[1], shape[2], 2).map((w) => ({
      shapes: [shape, [w.height, w.width, shape[3], filters]],
      build: (g, inputs) => conv2d(g, first(inputs), second(inputs), w),
    })),
  ),
  depthwiseConv2d: fc.tuple(image, size).chain(([shape, multiplier]) =>
    windows(shape[1], shape[2], 2).map((w) => ({
      shapes: [shape, [w.height, w.width, shape[3], multiplier]],
      build: (g, inputs) => depthwiseConv2d(g, first(inputs), second(inputs), w),
    })),
  ),
  maxPool: image.chain((shape) =>
    windows(shape[1], shape[2]).map((w) => ({ shapes: [shape], build: (g, inputs) => maxPool(g, first(inputs), w) })),
  ),
  batchNorm: image.map((shape) => ({
    shapes: [shape, shape.slice(-1), shape.slice(-1)],
    build: (g, inputs) => batchNorm(g, first(inputs), second(inputs), at(inputs, 2), 1e-3).output,
  })),
  'batchNorm, maxPool': image.chain((shape) =>
    windows(shape[1], shape[2]).map((w) => ({
      shapes: [shape, shape.slice(-1), shape.slice(-1)],
      build: (g, inputs) => maxPool(g, batchNorm(g, first(inputs), second(inputs), at(inputs, 2), 1e-3).output, w),
    })),
  ),
  avgPool: image.chain((shape) =>
    windows(shape[1], shape[2]).map((w) => ({ shapes: [shape], build: (g, inputs) => avgPool(g, first(inputs), w) })),
  ),
  softmax: ofMatrix((g, inputs) => softmax(g, first(inputs))),
  crossEntropy: fc.tuple(size, size).map(([batch, classes]) => ({
    shapes: [[batch, classes], [batch]],
    classes,
    build: (g, inputs) => crossEntropy(g, first(inputs), second(inputs)),
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
  firstMax: ofMatrix((g, inputs) => firstMax(g, first(inputs))),
  'firstMax of ties': ofMatrix((g, inputs) => firstMax(g, sign(g, first(inputs)))),
  isCorrect: fc.tuple(size, size).map(([batch, classes]) => ({
    shapes: [[batch, classes], [batch]],
    classes,
    build: (g, inputs) => isCorrect(g, first(inputs), second(inputs)),
  })),
}
