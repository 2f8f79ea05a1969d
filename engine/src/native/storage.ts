import { type Node, sizeOf, type Value } from '../ir/graph.ts'
import type { Same, Unit } from './schedule.ts'

/** Where each value lies in the arena, in floats. */
export interface Storage {
  readonly size: number
  placeOf(value: Value): number
}

/** A cache line, in floats. */
const LINE = 16

export const roundUp = (size: number): number => Math.ceil(size / LINE) * LINE

/** A value whose memory others share, and how far into it they begin. */
interface Share {
  readonly of: Value
  readonly at: number
}

export interface Lasting {
  /** Values that are there before the first instruction; the rest of `kept` come later. */
  readonly given: readonly Value[]
  /** Values that must not be overwritten before the end. */
  readonly kept: readonly Value[]
  /** What lies at the start of the arena, one after the other, each from a new line. */
  readonly constants: readonly Value[]
  readonly state: readonly { readonly before: Value; readonly after: Value }[]
}

/**
 * Plans the arena. A slice and the parts of a concatenation share memory with the whole where they are one piece of it; an optimiser's new
 * state is written over the old one where nothing reads that afterwards; other values get places so that no two that are needed at the same time
 * overlap, the largest first.
 */
export function planStorage(nodes: readonly Node[], units: readonly Unit[], same: Same, lasting: Lasting): Storage {
  const shares = shareMemory(nodes, units, same, lasting)
  const rootOf = (value: Value): Share => {
    const share = shares.get(same(value))
    if (share === undefined) return { of: same(value), at: 0 }
    const root = rootOf(share.of)
    return { of: root.of, at: root.at + share.at }
  }
  const lives = livesOf(units, rootOf, lasting)
  const places = new Map<Value, number>()
  let size = 0
  for (const value of lasting.constants) {
    places.set(value, size)
    size += roundUp(sizeOf(value.shape))
  }
  const fixed = size
  const placed: { from: number; to: number; life: Life }[] = []
  const bySize = [...lives].toSorted(([a], [b]) => sizeOf(b.shape) - sizeOf(a.shape) || a.id - b.id)
  for (const [value, life] of bySize) {
    if (places.has(value)) continue
    const taken = placed.filter((other) => other.life.first <= life.last && life.first <= other.life.last)
    const from = firstGap(taken, fixed, roundUp(sizeOf(value.shape)))
    const to = from + roundUp(sizeOf(value.shape))
    placed.push({ from, to, life })
    places.set(value, from)
    size = Math.max(size, to)
  }
  return {
    size,
    placeOf(value) {
      const { of, at } = rootOf(value)
      const place = places.get(of)
      if (place === undefined) throw new Error(`value ${value.id} has no place`)
      return place + at
    },
  }
}

function firstGap(taken: readonly { from: number; to: number }[], start: number, size: number): number {
  let from = start
  for (const other of taken.toSorted((a, b) => a.from - b.from)) {
    if (other.from >= from + size) break
    from = Math.max(from, other.to)
  }
  return from
}

/** The instructions, counted from 0, between which a value's memory is its own. */
interface Life {
  readonly first: number
  readonly last: number
}

function livesOf(units: readonly Unit[], rootOf: (value: Value) => Share, lasting: Lasting): ReadonlyMap<Value, Life> {
  const lives = new Map<Value, Life>()
  const extend = (value: Value, at: number): void => {
    const { of } = rootOf(value)
    const { first, last } = lives.get(of) ?? { first: at, last: at }
    lives.set(of, { first: Math.min(first, at), last: Math.max(last, at) })
  }
  for (const value of lasting.given) extend(value, -1)
  for (const [at, { nodes }] of units.entries())
    for (const { inputs, output } of nodes) for (const value of [...inputs, output]) extend(value, at)
  for (const value of lasting.kept) extend(value, units.length)
  for (const { before } of lasting.state) extend(before, units.length)
  return lives
}

function shareMemory(
  nodes: readonly Node[],
  units: readonly Unit[],
  same: Same,
  { given, constants, state }: Lasting,
): ReadonlyMap<Value, Share> {
  const shares = new Map<Value, Share>()
  const isOwn = (value: Value): boolean =>
    !shares.has(value) && !given.some((other) => same(other) === value) && !constants.includes(value)
  for (const node of nodes) {
    const { op, inputs, output } = node
    if ((op.type !== 'slice' && op.type !== 'concat') || !isOnePiece(node)) continue
    const inner = sizeOf(output.shape.slice(op.axis + 1))
    if (op.type === 'slice') {
      for (const x of inputs) shares.set(output, { of: same(x), at: op.start * inner })
      continue
    }
    let at = 0
    for (const part of inputs) {
      if (isOwn(same(part)) && same(part) !== output) shares.set(same(part), { of: output, at })
      at += sizeOf(part.shape)
    }
  }
  for (const { before, after } of state) {
    if (before !== after && isOwn(same(after)) && isOverwritable(units, shares, same, before, same(after)))
      shares.set(same(after), { of: same(before), at: 0 })
  }
  return shares
}

/** Whether what a slice takes, or each part that a concatenation puts together, is one piece of memory. */
export const isOnePiece = ({ op, output }: Node): boolean =>
  (op.type === 'slice' || op.type === 'concat') && sizeOf(output.shape.slice(0, op.axis)) === 1

/** Whether `after` can be written over `before`: a chain makes it, number by number, and nothing reads `before` after that. */
function isOverwritable(
  units: readonly Unit[],
  shares: ReadonlyMap<Value, Share>,
  same: Same,
  before: Value,
  after: Value,
): boolean {
  const maker = units.findIndex(({ nodes }) => nodes.some(({ output }) => output === after))
  const unit = units[maker]
  if (unit === undefined || unit.extent === null) return false
  const made = unit.nodes.findIndex(({ output }) => output === after)
  const partOf = (value: Value): Value => {
    const share = shares.get(same(value))
    return share === undefined ? same(value) : partOf(share.of)
  }
  return units.every(({ nodes }, at) =>
    nodes.every(({ inputs }, i) =>
      inputs.every((value) => {
        if (partOf(value) !== same(before) || at < maker) return true
        return at === maker && i <= made && same(value) === same(before)
      }),
    ),
  )
}
