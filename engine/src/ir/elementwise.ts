import { add, type Graph, type Node, operands, type Rules, type Value } from './graph.ts'
import { broadcasts, unbroadcast } from './linear.ts'
import { constant } from './shape.ts'

/** Functions of one number. `log` is natural; `sigmoid` is 1 / (1 + e⁻ˣ); `sign` is −1, 0 or 1; `relu6` is between 0 and 6; `softplus` is ln(1 + eˣ). */
export type UnaryFn =
  | 'relu'
  | 'relu6'
  | 'sqrt'
  | 'exp'
  | 'log'
  | 'sigmoid'
  | 'tanh'
  | 'erf'
  | 'abs'
  | 'sign'
  | 'softplus'
/** Functions of two numbers; `gate(a, b)` is b where a > 0, else 0; `gate6(a, b)` is b where 0 < a < 6, else 0; `greater(a, b)` is 1 where a > b, else 0. */
export type BinaryFn = 'add' | 'subtract' | 'multiply' | 'divide' | 'gate' | 'gate6' | 'greater'

/** Number by number. The second operand of a binary op may be a trailing part of the first's shape (a bias), or hold ones (numpy's broadcasting). */
export type ElementwiseOp =
  | { readonly type: 'unary'; readonly fn: UnaryFn }
  | { readonly type: 'binary'; readonly fn: BinaryFn }
type UnaryOp = Extract<ElementwiseOp, { type: 'unary' }>

export const relu = (g: Graph, x: Value): Value => unary(g, 'relu', x)
export const relu6 = (g: Graph, x: Value): Value => unary(g, 'relu6', x)
export const sqrt = (g: Graph, x: Value): Value => unary(g, 'sqrt', x)
export const exp = (g: Graph, x: Value): Value => unary(g, 'exp', x)
export const log = (g: Graph, x: Value): Value => unary(g, 'log', x)
export const sigmoid = (g: Graph, x: Value): Value => unary(g, 'sigmoid', x)
export const tanh = (g: Graph, x: Value): Value => unary(g, 'tanh', x)
export const erf = (g: Graph, x: Value): Value => unary(g, 'erf', x)
export const abs = (g: Graph, x: Value): Value => unary(g, 'abs', x)
export const sign = (g: Graph, x: Value): Value => unary(g, 'sign', x)
export const softplus = (g: Graph, x: Value): Value => unary(g, 'softplus', x)
export const plus = (g: Graph, a: Value, b: Value): Value => binary(g, 'add', a, b)
export const minus = (g: Graph, a: Value, b: Value): Value => binary(g, 'subtract', a, b)
export const times = (g: Graph, a: Value, b: Value): Value => binary(g, 'multiply', a, b)
export const over = (g: Graph, a: Value, b: Value): Value => binary(g, 'divide', a, b)
export const gate = (g: Graph, a: Value, b: Value): Value => binary(g, 'gate', a, b)
export const gate6 = (g: Graph, a: Value, b: Value): Value => binary(g, 'gate6', a, b)
export const greater = (g: Graph, a: Value, b: Value): Value => binary(g, 'greater', a, b)

const unary = (g: Graph, fn: UnaryFn, x: Value): Value => add(g, { type: 'unary', fn }, [x], x.shape)

function binary(g: Graph, fn: BinaryFn, a: Value, b: Value): Value {
  if (!broadcasts(b.shape, a.shape)) throw new Error(`${fn}: [${b.shape}] does not broadcast to [${a.shape}]`)
  return add(g, { type: 'binary', fn }, [a, b], a.shape)
}

export const elementwiseRules: Rules<ElementwiseOp> = {
  // Constant but for a jump, so without a gradient.
  unary: (g, node, dy) => [node.op.fn === 'sign' ? null : () => unaryGradient(g, node, dy)],
  binary: (g, node, dy) => {
    const [a, b] = operands(node)
    const toB = (gradient: Value): Value => unbroadcast(g, gradient, b.shape)
    switch (node.op.fn) {
      case 'add':
        return [() => dy, () => toB(dy)]
      case 'subtract':
        return [() => dy, () => times(g, toB(dy), scalar(g, -1))]
      case 'multiply':
        return [() => times(g, dy, b), () => toB(times(g, dy, a))]
      case 'divide':
        return [() => over(g, dy, b), () => times(g, over(g, toB(times(g, dy, node.output)), b), scalar(g, -1))]
      case 'gate':
        return [null, () => toB(gate(g, a, dy))]
      case 'gate6':
        return [null, () => toB(gate6(g, a, dy))]
      case 'greater':
        return [null, null]
    }
  },
}

function unaryGradient(g: Graph, { op, inputs: [x], output: y }: Node<UnaryOp>, dy: Value): Value {
  if (x === undefined) throw new Error(`${op.fn}: no input`)
  switch (op.fn) {
    case 'relu':
      return gate(g, y, dy)
    case 'relu6':
      return gate6(g, y, dy)
    case 'sqrt':
      return over(g, dy, plus(g, y, y))
    case 'exp':
      return times(g, dy, y)
    case 'log':
      return over(g, dy, x)
    case 'sigmoid':
      return times(g, dy, minus(g, y, times(g, y, y)))
    case 'tanh':
      return minus(g, dy, times(g, dy, times(g, y, y)))
    case 'erf':
      // 2 / √π · e^(−x²)
      return times(g, times(g, dy, exp(g, times(g, times(g, x, x), scalar(g, -1)))), scalar(g, 2 / Math.sqrt(Math.PI)))
    case 'abs':
      return times(g, dy, sign(g, x))
    case 'softplus':
      return times(g, dy, sigmoid(g, x))
    case 'sign':
      throw new Error('sign has no gradient')
  }
}

const scalar = (g: Graph, value: number): Value => constant(g, [], [value])
