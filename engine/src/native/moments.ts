import { minus, plus, relu, times } from '../ir/elementwise.ts'
import { type Graph, type Node, producersOf, usersOf, type Value } from '../ir/graph.ts'
import { meanOf, rowsOf, sumRows } from '../ir/norm.ts'
import { constant, slice } from '../ir/shape.ts'
import { isOverRows } from './legalise.ts'

/** The nodes of a mean and a variance over all axes of `x` but the last. */
interface Moments {
  readonly x: Value
  /** Sum of x. */
  readonly total: Node
  /** Square of what differs from the mean; nothing else reads it. */
  readonly square: Node
  /** Sum of that. */
  readonly squares: Node
}

/**
 * Mean and variance from one reading of a value, where a graph reads it for the mean and then again: both are made of the sums of d = x − p and of
 * d², since Σ (x − mean)² = Σ d² − (Σ d)² / n for any p (Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance"). Here p is the
 * mean of the first image of the batch, or its first row: so near that little cancels out.
 */
export function readOnce(nodes: readonly Node[]): readonly Node[] {
  const found = momentsOf(nodes)
  const gone = new Set(found.flatMap(({ square, squares }) => [square, squares]))
  const nextId = 1 + Math.max(-1, ...nodes.map(({ output }) => output.id))
  const g: Graph = { nodes: [], nextId, closedForms: new Map() }
  for (const node of nodes) {
    const moments = found.find(({ total }) => total === node)
    if (moments) addMoments(g, moments)
    else if (!gone.has(node)) g.nodes.push(node)
  }
  return g.nodes
}

function addMoments(g: Graph, { x, total, squares }: Moments): void {
  const pivot = meanOf(g, slice(g, x, 0, 0, 1))
  const apart = minus(g, x, pivot)
  const sumApart = sumRows(g, apart)
  const sumSquares = sumRows(g, times(g, apart, apart))
  const ofPivot = times(g, pivot, constant(g, [], [rowsOf(x)]))
  const ofMean = times(g, times(g, sumApart, sumApart), constant(g, [], [1 / rowsOf(x)]))
  plus(g, sumApart, ofPivot)
  nameLast(g, total.output)
  // Rounding leaves of no variance at all something about zero, on either side.
  relu(g, minus(g, sumSquares, ofMean))
  nameLast(g, squares.output)
}

/** The last node makes a value that others know already. */
function nameLast(g: Graph, output: Value): void {
  const last = g.nodes.pop()
  if (last) g.nodes.push({ ...last, output })
}

function momentsOf(nodes: readonly Node[]): readonly Moments[] {
  const [producers, users] = [producersOf(nodes), usersOf(nodes)]
  const sumOf = (value: Value | undefined): Node | undefined => {
    const node = value && producers.get(value)
    return node && isSumOfRows(node) ? node : undefined
  }
  return nodes.filter(isSumOfRows).flatMap((squares): Moments[] => {
    const square = made(producers, squares.inputs[0], 'multiply')
    const [centred, again] = square?.inputs ?? []
    const [x, mean] = made(producers, centred, 'subtract')?.inputs ?? []
    const [totalValue, share] = made(producers, mean, 'multiply')?.inputs ?? []
    const total = sumOf(totalValue)
    if (square === undefined || x === undefined || total?.inputs[0] !== x || centred !== again) return []
    const by = share && producers.get(share)?.op
    const isMean = by?.type === 'constant' && by.values.length === 1 && by.values[0] === 1 / rowsOf(x)
    return isMean && users.get(square.output)?.length === 1 ? [{ x, total, square, squares }] : []
  })
}

/** The node that makes a value, if it is this function. */
function made(producers: ReadonlyMap<Value, Node>, value: Value | undefined, fn: string): Node | undefined {
  const node = value && producers.get(value)
  return node?.op.type === 'binary' && node.op.fn === fn ? node : undefined
}

const isSumOfRows = ({ op, inputs: [x] }: Node): boolean =>
  op.type === 'sum' && op.axes.length + 1 === x?.shape.length && isOverRows(op.axes)
