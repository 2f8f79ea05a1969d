import { dims4, operands, type Value } from '../../ir/graph.ts'
import type { PoolOp } from '../../ir/pool.ts'
import type { Windows } from '../../ir/windows.ts'
import { ELEMENTS, emit, emitMany, floats, freshName, ints, longs } from '../graph.ts'
import { windowOrder } from '../layout.ts'
import { type Lowering, type Lowers, once, orderOf, put, view, viewTensor } from '../lowering.ts'
import { isIdentity, keyOf } from './tables.ts'

/*
 * Max-pooling is a tournament: the taps of all windows are stacked on one axis, and pairs of neighbours meet until one is left. The earlier
 * wins a tie, so the gradient flows back to exactly one of several equal maxima, the first.
 */
export const poolLowers: Lowers<PoolOp> = {
  maxPool: (l, { op, inputs: [x], output }) => {
    if (x === undefined) throw new Error('maxPool: no input')
    put(l, output, tournament(l, x, op.windows).name, playerShape(output))
  },
  maxPoolGrad: (l, node) => {
    const [x, dy] = operands(node)
    const { windows } = node.op
    const [batch, height, width, channels] = dims4(node.output.shape)
    const gradient = view(l, dy, playerShape(dy))
    const players = refund(l, tournament(l, x, windows), gradient)
    const stacked = players.length === 1 ? gradient : emit(l.onnx, 'Concat', players, { axis: 1 })
    const rows = windowOrder(windows).pixels.length
    const tensor = { name: stacked, shape: [batch, players.length, (rows / players.length) * channels] }
    if (l.layouts.has(node.output)) return put(l, node.output, tensor.name, tensor.shape)
    const source = viewTensor(l, tensor, [batch, rows, channels])
    put(l, node.output, sumBack(l, source, windows, [batch, rows, channels]), [batch, height * width, channels])
  },
}

/** A player, or a match whose winner plays on. */
interface Match {
  readonly name: string
  readonly pair: readonly [Match, Match] | null
}

/** One tap of all windows: `[batch, 1, windows × channels]`. */
function playerShape(pooled: Value): readonly number[] {
  const [batch, height, width, channels] = dims4(pooled.shape)
  return [batch, 1, height * width * channels]
}

function tournament(l: Lowering, x: Value, windows: Windows): Match {
  return once(l, `tournament ${x.id} ${keyOf(windows)}`, () => {
    let round: Match[] = playersOf(l, x, windows).map((name) => ({ name, pair: null }))
    while (round.length > 1) round = pairs(round).map(([a, b]) => (b === undefined ? a : match(l, a, b)))
    const [winner] = round
    if (winner === undefined) throw new Error('maxPool: an empty window')
    return winner
  })
}

const match = (l: Lowering, a: Match, b: Match): Match => ({
  name: emit(l.onnx, 'Max', [a.name, b.name]),
  pair: [a, b],
})

const pairs = (round: readonly Match[]): [Match, Match?][] =>
  round.flatMap((first, i): [Match, Match?][] => {
    if (i % 2 === 1) return []
    const second = round[i + 1]
    return [second === undefined ? [first] : [first, second]]
  })

/** The taps of all windows, one value per tap. */
function playersOf(l: Lowering, x: Value, windows: Windows): string[] {
  const [batch, , , channels] = dims4(x.shape)
  const taps = windows.height * windows.width
  const count = windows.outputHeight * windows.outputWidth
  const shape = [batch, taps, count * channels]
  const stacked = l.layouts.has(x)
    ? view(l, x, shape)
    : emit(l.onnx, 'Reshape', [gatherTaps(l, x, windows), longs(l.onnx, shape)])
  if (taps === 1) return [stacked]
  const names = Array.from({ length: taps }, () => freshName(l.onnx, 'tap'))
  emitMany(l.onnx, 'Split', [stacked, longs(l.onnx, new Array<number>(taps).fill(1))], names, { axis: 1 })
  return names
}

/** Images in any other order, gathered window by window; padding is −∞. */
function gatherTaps(l: Lowering, x: Value, windows: Windows): string {
  const [batch, height, width, channels] = dims4(x.shape)
  const pixels = orderOf(l, x, height * width).pixels.length
  const table = windowOrder(windows).pixels.map((pixel) => (pixel < 0 ? pixels : pixel))
  const rows = view(l, x, [batch, pixels, channels])
  const lowest = floats(l.onnx, [batch, 1, channels], new Float32Array(batch * channels).fill(Number.NEGATIVE_INFINITY))
  const source = table.includes(pixels) ? emit(l.onnx, 'Concat', [rows, lowest], { axis: 1 }) : rows
  return emit(l.onnx, 'Gather', [source, ints(l.onnx, [table.length], table)], { axis: 1 })
}

/** Gives a gradient back to the players: at every match it goes to the winner. */
function refund(l: Lowering, { pair }: Match, gradient: string): string[] {
  if (pair === null) return [gradient]
  const [first, second] = pair
  const firstWins = emit(l.onnx, 'GreaterOrEqual', [first.name, second.name])
  const share = emit(l.onnx, 'Mul', [emit(l.onnx, 'Cast', [firstWins], { to: ELEMENTS.float32 }), gradient])
  const rest = emit(l.onnx, 'Sub', [gradient, share])
  return [...refund(l, first, share), ...refund(l, second, rest)]
}

/** Adds up, for every pixel, the rows of the windows that it lies in. */
function sumBack(
  l: Lowering,
  rows: string,
  windows: Windows,
  [batch, count, channels]: readonly [number, number, number],
): string {
  const owners: number[][] = Array.from({ length: windows.inputHeight * windows.inputWidth }, () => [])
  windowOrder(windows).pixels.forEach((pixel, row) => {
    owners[pixel]?.push(row)
  })
  const most = Math.max(1, ...owners.map((list) => list.length))
  const table = Int32Array.from(owners.flatMap((list) => Array.from({ length: most }, (_, i) => list[i] ?? count)))
  if (isIdentity(table, count)) return rows
  const zeros = floats(l.onnx, [batch, 1, channels], new Float32Array(batch * channels))
  const source = table.includes(count) ? emit(l.onnx, 'Concat', [rows, zeros], { axis: 1 }) : rows
  const gathered = emit(l.onnx, 'Gather', [source, ints(l.onnx, [table.length], table)], { axis: 1 })
  if (most === 1) return gathered
  const stacked = emit(l.onnx, 'Reshape', [gathered, longs(l.onnx, [batch, owners.length, most, channels])])
  return emit(l.onnx, 'ReduceSum', [stacked, longs(l.onnx, [2])], { keepdims: 0 })
}
