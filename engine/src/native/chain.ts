import { type Node, sizeOf, type Value } from '../ir/graph.ts'
import type { Call } from './instructions.ts'
import type { Same, Unit } from './schedule.ts'

const [STREAM, REPEATED, HELD] = [0, 1, 2]

/** Sums up rows instead of calling a function. */
const SUM = -1

/**
 * The one instruction of a chain. Each value has a slot: memory of its own, a short value that is repeated, or a tile that is held within the
 * chain only, which another value takes over after its last use. `isRead` says whether anything outside the chain reads a value.
 */
export function chainCall(
  unit: Unit,
  same: Same,
  placeOf: (value: Value) => number,
  isRead: (value: Value) => boolean,
  functions: readonly string[],
): Call {
  const extent = unit.extent ?? 0
  const slots: number[][] = []
  const slotOf = new Map<Value, number>()
  const free: number[] = []
  const newSlot = (slot: number[]): number => slots.push(slot) - 1
  const input = (value: Value): number => {
    const own = same(value)
    const size = sizeOf(own.shape)
    const slot = slotOf.get(own) ?? newSlot([size === extent ? STREAM : REPEATED, size, placeOf(own)])
    slotOf.set(own, slot)
    return slot
  }
  const target = (value: Value): number => {
    const slot = isRead(value) ? newSlot([STREAM, extent, placeOf(value)]) : (free.pop() ?? newSlot([HELD, extent]))
    slotOf.set(value, slot)
    return slot
  }
  const lastUse = new Map<Value, number>()
  for (const [i, { inputs }] of unit.nodes.entries()) for (const value of inputs) lastUse.set(same(value), i)
  const links = unit.nodes.map((node, i): number[] => {
    const [a = 0, b = a] = node.inputs.map(input)
    for (const value of new Set(node.inputs.map(same))) {
      const slot = slotOf.get(value)
      if (lastUse.get(value) === i && slot !== undefined && slots[slot]?.[0] === HELD) free.push(slot)
    }
    if (node.op.type === 'sum') return [SUM, 0, a, b, sizeOf(node.output.shape), placeOf(node.output)]
    return [functionOf(node, functions), target(node.output), a, b]
  })
  const numbers = [extent, unit.period, slots.length, ...slots.flat(), links.length, ...links.flat()]
  return { kernel: 'map', numbers }
}

function functionOf({ op }: Node, functions: readonly string[]): number {
  const name = op.type === 'unary' || op.type === 'binary' ? op.fn : 'copy'
  const index = functions.indexOf(name)
  if (index < 0) throw new Error(`the native engine has no ${name}`)
  return index
}
