import type { AvgPoolOp } from './avgpool.ts'
import type { ConvOp } from './conv.ts'
import type { DepthwiseOp } from './depthwise.ts'
import type { ElementwiseOp } from './elementwise.ts'
import type { LinearOp } from './linear.ts'
import type { LossOp } from './loss.ts'
import type { PoolOp } from './pool.ts'
import type { RowOp } from './rows.ts'
import type { ShapeOp } from './shape.ts'

/** Sizes of each axis, outermost first. Images are `[batch, height, width, channels]`. A scalar has no axis. */
export type Shape = readonly number[]

/** What a value holds. An executor chooses the precision of `float`; `byte` is 0 … 255; `int` has 32 bits. */
export type ElementType = 'float' | 'int' | 'byte'

/** The result of a node. `id` is unique within its graph. */
export interface Value {
  readonly id: number
  readonly shape: Shape
  readonly type: ElementType
}

/** Every operation that a graph may hold. Each family lives in one file with its shapes and its gradient rules. */
export type Op = ShapeOp | ElementwiseOp | LinearOp | ConvOp | DepthwiseOp | PoolOp | AvgPoolOp | RowOp | LossOp
export type OpType = Op['type']

/** One operation with one output. Operations have no side effects. */
export interface Node<O extends Op = Op> {
  readonly op: O
  readonly inputs: readonly Value[]
  readonly output: Value
}

/** Nodes in an order in which every value is made before it is used. */
export interface Graph {
  nodes: Node[]
  nextId: number
  /** For some values made by several nodes, a gradient that takes less work than the rules of these nodes, one after the other. */
  readonly closedForms: Map<Value, ClosedForm>
}

/** All inputs through which a gradient flows, and for each what a rule has for it. */
export interface ClosedForm {
  readonly inputs: readonly Value[]
  gradients(dy: Value): readonly (() => Value)[]
}

/**
 * The gradient rule of an op: given the gradient `dy` of its output, one entry per input that makes the gradient of that input, or
 * null where there is none (labels). An entry runs only when its gradient is needed.
 */
export type Rule<O extends Op> = (g: Graph, node: Node<O>, dy: Value) => readonly ((() => Value) | null)[]

/** The rules of a family of ops; null for ops that only appear after differentiation, so have no rule. */
export type Rules<Family extends Op> = { readonly [T in Family['type']]: Rule<Extract<Family, { type: T }>> | null }

/** One table entry per op, as executors keep them. */
export type PerOp<Family extends Op, Entry> = { readonly [T in Family['type']]: Entry }

export const newGraph = (): Graph => ({ nodes: [], nextId: 0, closedForms: new Map() })

/** Appends a node and returns its output. */
export function add(g: Graph, op: Op, inputs: readonly Value[], shape: Shape, type: ElementType = 'float'): Value {
  const output = newValue(g, shape, type)
  g.nodes.push({ op, inputs, output })
  return output
}

export function newValue(g: Graph, shape: Shape, type: ElementType = 'float'): Value {
  return { id: g.nextId++, shape, type }
}

export const sizeOf = (shape: Shape): number => shape.reduce((size, dim) => size * dim, 1)

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dim, axis) => dim === b[axis])

/** The shape, read as four axes: the form of images. */
export function dims4(shape: Shape): readonly [number, number, number, number] {
  const [a, b, c, d] = shape
  if (shape.length !== 4 || a === undefined || b === undefined || c === undefined || d === undefined)
    throw new Error(`not an image batch: [${shape}]`)
  return [a, b, c, d]
}

/** The shape, read as two axes: the form of matrices. */
export function dims2(shape: Shape): readonly [number, number] {
  const [rows, columns] = shape
  if (shape.length !== 2 || rows === undefined || columns === undefined) throw new Error(`not a matrix: [${shape}]`)
  return [rows, columns]
}

/** For each value, the nodes that read it. */
export function usersOf(nodes: readonly Node[]): ReadonlyMap<Value, readonly Node[]> {
  const users = new Map<Value, Node[]>()
  for (const node of nodes)
    for (const input of new Set(node.inputs)) users.set(input, [...(users.get(input) ?? []), node])
  return users
}

/** For each value, the node that makes it. */
export const producersOf = (nodes: readonly Node[]): ReadonlyMap<Value, Node> =>
  new Map(nodes.map((node) => [node.output, node]))

/** The two inputs of a node that has two. */
export function operands(node: Node): readonly [Value, Value] {
  const [a, b] = node.inputs
  if (a === undefined || b === undefined) throw new Error(`${node.op.type} needs two inputs`)
  return [a, b]
}
