import { add, type Graph, operands, type Rules, type Shape, sameShape, type Value } from './graph.ts'
import { sum } from './linear.ts'
import { constant, reshape } from './shape.ts'

/** Functions of one number. */
export type UnaryFn = 'relu' | 'sqrt'
/** Functions of two numbers; `gate(a, b)` is b where a > 0, else 0. */
export type BinaryFn = 'add' | 'subtract' | 'multiply' | 'divide' | 'gate'

/** Number by number. The second operand of a binary op may be a trailing part of the first's shape (a bias), or hold ones (numpy's broadcasting). */
export type ElementwiseOp =
  | { readonly type: 'unary'; readonly fn: UnaryFn }
  | { readonly type: 'binary'; readonly fn: BinaryFn }

export const relu = (g: Graph, x: Value): Value => add(g, { type: 'unary', fn: 'relu' }, [x], x.shape)
export const sqrt = (g: Graph, x: Value): Value => add(g, { type: 'unary', fn: 'sqrt' }, [x], x.shape)
export const plus = (g: Graph, a: Value, b: Value): Value => binary(g, 'add', a, b)
export const minus = (g: Graph, a: Value, b: Value): Value => binary(g, 'subtract', a, b)
export const times = (g: Graph, a: Value, b: Value): Value => binary(g, 'multiply', a, b)
export const over = (g: Graph, a: Value, b: Value): Value => binary(g, 'divide', a, b)
export const gate = (g: Graph, a: Value, b: Value): Value => binary(g, 'gate', a, b)

function binary(g: Graph, fn: BinaryFn, a: Value, b: Value): Value {
  const fits = b.shape.length <= a.shape.length
  const offset = a.shape.length - b.shape.length
  if (!fits || !b.shape.every((dim, axis) => dim === 1 || dim === a.shape[axis + offset]))
    throw new Error(`${fn}: [${b.shape}] does not broadcast to [${a.shape}]`)
  return add(g, { type: 'binary', fn }, [a, b], a.shape)
}

/** The gradient of a broadcast operand: summed over the axes along which it was repeated. */
function unbroadcast(g: Graph, dy: Value, shape: Shape): Value {
  if (sameShape(dy.shape, shape)) return dy
  const offset = dy.shape.length - shape.length
  const axes = dy.shape.flatMap((dim, axis) => (axis < offset || shape[axis - offset] !== dim ? [axis] : []))
  return reshape(g, sum(g, dy, axes), shape)
}

export const elementwiseRules: Rules<ElementwiseOp> = {
  unary: (g, { op, output }, dy) => {
    switch (op.fn) {
      case 'relu':
        return [() => gate(g, output, dy)]
      case 'sqrt':
        return [() => over(g, dy, plus(g, output, output))]
    }
  },
  binary: (g, node, dy) => {
    const [a, b] = operands(node)
    const toB = (gradient: Value): Value => unbroadcast(g, gradient, b.shape)
    switch (node.op.fn) {
      case 'add':
        return [() => dy, () => toB(dy)]
      case 'subtract':
        return [() => dy, () => toB(times(g, dy, scalar(g, -1)))]
      case 'multiply':
        return [() => times(g, dy, b), () => toB(times(g, dy, a))]
      case 'divide':
        return [() => over(g, dy, b), () => toB(times(g, over(g, times(g, dy, node.output), b), scalar(g, -1)))]
      case 'gate':
        throw new Error('gate is made by a gradient rule and has none itself')
    }
  },
}

const scalar = (g: Graph, value: number): Value => constant(g, [], [value])
