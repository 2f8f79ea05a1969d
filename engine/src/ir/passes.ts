import { type Graph, type Node, newValue, operands, producersOf, usersOf, type Value } from './graph.ts'

/**
 * maxPool(relu(x)) becomes relu(maxPool(x)), and maxPool(x + bias) becomes maxPool(x) + bias: the maximum commutes with functions that
 * never decrease, so values stay the same bit for bit, and the rest works on a quarter of the pixels. Changes `g` in place; the
 * pooled value keeps its identity.
 */
export function poolFirst(g: Graph): void {
  let swapped = true
  while (swapped) swapped = g.nodes.some((node) => node.op.type === 'maxPool' && swapWithProducer(g, node))
}

function swapWithProducer(g: Graph, pool: Node): boolean {
  const [x] = pool.inputs
  const before = x && producersOf(g.nodes).get(x)
  if (x === undefined || before === undefined || !isMonotone(before) || g.closedForms.has(x)) return false
  if ((usersOf(g.nodes).get(x) ?? []).length !== 1) return false
  const [source, ...rest] = before.inputs
  if (source === undefined) return false
  const pooled = newValue(g, pool.output.shape)
  g.nodes = g.nodes.flatMap((node): Node[] => {
    if (node === before) return []
    if (node !== pool) return [node]
    return [
      { op: pool.op, inputs: [source], output: pooled },
      { op: before.op, inputs: [pooled, ...rest], output: pool.output },
    ]
  })
  return true
}

function isMonotone(node: Node): boolean {
  if (node.op.type === 'unary') return node.op.fn === 'relu'
  return node.op.type === 'binary' && node.op.fn === 'add' && operands(node)[1].shape.length === 1
}

/** The nodes that `outputs` depend on, in the same order. */
export function prune(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const needed = new Set(outputs)
  const kept = nodes.toReversed().filter((node) => {
    if (!needed.has(node.output)) return false
    for (const value of node.inputs) needed.add(value)
    return true
  })
  return kept.reverse()
}
