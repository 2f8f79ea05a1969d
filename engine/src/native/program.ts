import { type ElementType, type Node, sizeOf, type Value } from '../ir/graph.ts'
import { type Handle, nativeAddon, type Program } from './addon.ts'
import { chainCall } from './chain.ts'
import { type Call, callsFor } from './instructions.ts'
import { legalise } from './legalise.ts'
import { readOnce } from './moments.ts'
import { type Same, schedule, type Unit } from './schedule.ts'
import { planStorage, roundUp } from './storage.ts'

const ELEMENT: Record<ElementType, number> = { float: 0, int: 1, byte: 2 }

/** What goes in and out of a program. */
export interface Ends {
  readonly inputs: readonly { readonly value: Value; readonly isEach: boolean }[]
  readonly outputs: readonly { readonly value: Value; readonly isEach: boolean }[]
  /** What each step leaves for the next one. */
  readonly state: readonly { readonly before: Value; readonly after: Value }[]
}

/** Compiles nodes for the native engine. Throws where it is not built. */
export function compileNative(nodes: readonly Node[], ends: Ends, threads: number): Handle {
  return nativeAddon().compile(programOf(nodes, ends, threads, nativeAddon().functions))
}

/** The instructions of a graph, with a place in memory for every value. `functions` are those that a chain may hold. */
export function programOf(
  given: readonly Node[],
  { inputs, outputs, state }: Ends,
  threads: number,
  functions: readonly string[],
): Program {
  const nodes = legalise(readOnce(given))
  const same = sameNumbers(nodes)
  const constantNodes = nodes.filter(({ op }) => op.type === 'constant')
  const constants = constantNodes.map(({ output }) => output)
  const lastingInputs = inputs.filter(({ isEach }) => !isEach)
  const kept = [...[...lastingInputs, ...outputs].map(({ value }) => value), ...state.map(({ after }) => after)]
  const units = schedule(nodes, same)
  const storage = planStorage(nodes, units, same, {
    given: inputs.map(({ value }) => value),
    kept,
    constants,
    state,
  })
  const { placeOf } = storage
  const readers = readersOf(units, same, new Set(kept.map(same)))
  const calls = units.flatMap((unit): readonly Call[] => {
    if (unit.extent !== null) return [chainCall(unit, same, placeOf, readers(unit), functions)]
    return unit.nodes.flatMap((node) => callsFor(node, placeOf))
  })
  const moves = state.flatMap(({ before, after }): Call[] => {
    const [from, to, size] = [placeOf(after), placeOf(before), sizeOf(before.shape)]
    return from === to ? [] : [{ kernel: 'copy', numbers: [1, size, size, size, from, to] }]
  })
  return {
    arenaSize: storage.size,
    constants: Float32Array.from(
      constantNodes.flatMap(({ op, output }) => padded(op.type === 'constant' ? op.values : [], output)),
    ),
    inputs: Float64Array.from(
      inputs.flatMap(({ value, isEach }) => [placeOf(value), sizeOf(value.shape), ELEMENT[value.type], Number(isEach)]),
    ),
    outputs: Float64Array.from(
      outputs.flatMap(({ value, isEach }) => [placeOf(value), sizeOf(value.shape), Number(isEach)]),
    ),
    instructions: [...calls, ...moves].map(({ kernel, numbers }) => ({ kernel, numbers: Float64Array.from(numbers) })),
    threads,
  }
}

/** A constant as it lies in the arena: up to the next line. */
const padded = (values: readonly number[], { shape }: Value): readonly number[] => [
  ...values,
  ...new Array<number>(roundUp(sizeOf(shape)) - values.length).fill(0),
]

/** Another shape is no other numbers, and in the arena all numbers are floats. */
function sameNumbers(nodes: readonly Node[]): Same {
  const sources = new Map<Value, Value>()
  for (const { op, inputs, output } of nodes) {
    const [x] = inputs
    if ((op.type === 'reshape' || op.type === 'toFloat') && x !== undefined) sources.set(output, sources.get(x) ?? x)
  }
  return (value) => sources.get(value) ?? value
}

/** For each unit, whether a value is read outside of it. */
function readersOf(
  units: readonly Unit[],
  same: Same,
  kept: ReadonlySet<Value>,
): (unit: Unit) => (value: Value) => boolean {
  const readers = new Map<Value, Set<Unit>>()
  for (const unit of units)
    for (const { inputs } of unit.nodes)
      for (const value of inputs) readers.set(same(value), (readers.get(same(value)) ?? new Set()).add(unit))
  return (unit) => (value) => kept.has(value) || [...(readers.get(value) ?? [])].some((reader) => reader !== unit)
}
