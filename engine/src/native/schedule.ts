import type { Node, Value } from '../ir/graph.ts'
import { sizeOf } from '../ir/graph.ts'
import { isOverRows, isRepeated, LONGEST_PERIOD } from './legalise.ts'

/** What one instruction computes: one node, or a chain of functions of numbers that go through memory once. */
export interface Unit {
  readonly nodes: readonly Node[]
  /** Numbers that a chain goes through; null for a node that is in none. */
  readonly extent: number | null
  /** Numbers after which everything that a chain repeats begins anew. */
  readonly period: number
}

/** Values that are the same numbers in the same order are one. */
export type Same = (value: Value) => Value

/** Numbers that a node of a chain goes through; null for a node that cannot be in one. */
function extentOf({ op, inputs, output }: Node): number | null {
  const [x] = inputs
  if (x === undefined) return null
  if (op.type === 'unary' || op.type === 'binary') return sizeOf(output.shape)
  if (op.type === 'expand') return isRepeated(x.shape, output.shape) ? sizeOf(output.shape) : null
  return op.type === 'sum' && isOverRows(op.axes) ? sizeOf(x.shape) : null
}

/**
 * Orders nodes and puts chains together: after each function come those that are ready, of the same size and about the same values. Nodes
 * are taken in the order given otherwise.
 */
export function schedule(nodes: readonly Node[], same: Same): readonly Unit[] {
  const units: Unit[] = []
  const made = new Set<Value>()
  let left = nodes.filter(({ op, output }) => {
    if (op.type === 'input' || op.type === 'constant') made.add(same(output))
    return op.type !== 'input' && op.type !== 'constant' && same(output) === output
  })
  while (left.length > 0) {
    const isReady = (node: Node): boolean => node.inputs.every((value) => made.has(same(value)))
    const first = left.find(isReady)
    if (first === undefined) throw new Error('a value is used before it is made')
    const chain = new Chain(first, same)
    for (let next: Node | undefined = first; next !== undefined; ) {
      chain.add(next)
      if (next.op.type !== 'sum') made.add(next.output)
      left = left.filter((node) => node !== next)
      // What comes next anyway may come along.
      const coming = left.find(isReady)
      next = coming && chain.fits(coming) ? coming : left.find((node) => chain.isAbout(node) && isReady(node))
    }
    for (const { output } of chain.nodes) made.add(output)
    units.push(chain)
  }
  return units
}

class Chain implements Unit {
  readonly nodes: Node[] = []
  readonly extent: number | null
  period = 1
  readonly #same: Same
  readonly #values = new Set<Value>()

  constructor(first: Node, same: Same) {
    const extent = extentOf(first)
    this.extent = extent !== null && this.#periodWith(first, extent) <= LONGEST_PERIOD ? extent : null
    this.#same = same
  }

  add(node: Node): void {
    this.nodes.push(node)
    if (this.extent === null) return
    this.period = this.#periodWith(node, this.extent)
    for (const value of [...node.inputs, node.output])
      if (sizeOf(value.shape) === this.extent) this.#values.add(this.#same(value))
  }

  fits(node: Node): boolean {
    if (this.extent === null || extentOf(node) !== this.extent) return false
    return this.#periodWith(node, this.extent) <= LONGEST_PERIOD
  }

  /** Whether a node fits and reads what the chain reads or makes. */
  isAbout(node: Node): boolean {
    return this.fits(node) && node.inputs.some((value) => this.#values.has(this.#same(value)))
  }

  #periodWith({ inputs, output }: Node, extent: number): number {
    const sizes = [...inputs, output].map(({ shape }) => sizeOf(shape)).filter((size) => size < extent)
    return sizes.reduce(leastCommonMultiple, this.period)
  }
}

const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b
const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
