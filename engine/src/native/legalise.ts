import { type Graph, type Node, operands, type Shape, sizeOf, type Value } from '../ir/graph.ts'
import { expand, sum } from '../ir/linear.ts'

/**
 * Puts what the kernels do not have into terms of what they have: the second operand of a function is repeated over and over, or expanded
 * first; a sum is over axes that lie side by side, or it is several sums.
 */
export function legalise(nodes: readonly Node[]): readonly Node[] {
  const nextId = 1 + Math.max(-1, ...nodes.map(({ output }) => output.id))
  const g: Graph = { nodes: [], nextId, closedForms: new Map() }
  for (const node of nodes) g.nodes.push(legal(g, node))
  return g.nodes
}

function legal(g: Graph, node: Node): Node {
  if (node.op.type === 'binary') {
    const [a, b] = operands(node)
    const isShort = sizeOf(b.shape) === sizeOf(a.shape) || sizeOf(b.shape) <= LONGEST_PERIOD
    return isShort && isRepeated(b.shape, a.shape) ? node : { ...node, inputs: [a, expand(g, b, a.shape)] }
  }
  const [x] = node.inputs
  return node.op.type === 'sum' && x !== undefined ? legalSum(g, node, x, node.op.axes) : node
}

function legalSum(g: Graph, node: Node, x: Value, axes: readonly number[]): Node {
  const sorted = axes.toSorted((a, b) => a - b)
  const run = sorted.filter((axis, i) => (sorted.at(-1) ?? 0) - axis === sorted.length - 1 - i)
  if (run.length === sorted.length) return { ...node, op: { type: 'sum', axes: sorted }, inputs: [x] }
  return legalSum(g, node, sum(g, x, run), sorted.slice(0, -run.length))
}

/** Longest value, in numbers, that a chain repeats over and over: tiles are as long, at least. */
export const LONGEST_PERIOD = 4096

/** Whether `shape` fills `to` by being written over and over: it is a trailing part of it. */
export function isRepeated(shape: Shape, to: Shape): boolean {
  const own = shape.slice(shape.findIndex((dim) => dim !== 1))
  return sizeOf(shape) === 1 || own.every((dim, i) => dim === to[to.length - own.length + i])
}

/** Whether a sum is over leading axes, so that what is left are rows. */
export const isOverRows = (axes: readonly number[]): boolean => axes.every((axis, i) => axis === i)
