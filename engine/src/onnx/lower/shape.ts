import { type Node, sizeOf, type Value } from '../../ir/graph.ts'
import type { ShapeOp } from '../../ir/shape.ts'
import { ELEMENTS, emit, emitMany, floats, freshName, longs } from '../graph.ts'
import { type Lowering, type Lowers, put, tensorOf, view } from '../lowering.ts'

export const shapeLowers: Lowers<ShapeOp> = {
  input: (_, { op }) => {
    throw new Error(`input ${op.name} was not put`)
  },
  constant: (l, { op, output }) => put(l, output, floats(l.onnx, output.shape, op.values)),
  toFloat: (l, { inputs: [x], output }) => {
    const tensor = tensorOf(l, x)
    put(l, output, emit(l.onnx, 'Cast', [tensor.name], { to: ELEMENTS.float32 }), tensor.shape)
  },
  // Only the reader of a value asks for axes, so a reshape costs nothing by itself.
  reshape: (l, { inputs: [x], output }) => {
    const tensor = tensorOf(l, x)
    put(l, output, tensor.name, tensor.shape)
  },
  slice: (l, node) => {
    const pieces = piecesOf(l, node)
    const [x] = node.inputs
    if (x === undefined) throw new Error('slice: no input')
    const { axis, start } = node.op
    if (pieces !== null) return split(l, x, axis, pieces)
    const size = node.output.shape[axis] ?? 0
    const range = [start, start + size, axis].map((value) => longs(l.onnx, [value]))
    put(l, node.output, emit(l.onnx, 'Slice', [view(l, x, x.shape), ...range]))
  },
  concat: (l, { op, inputs, output }) => {
    const names = inputs.map((part) => view(l, part, part.shape))
    put(l, output, names.length === 1 ? (names[0] ?? '') : emit(l.onnx, 'Concat', names, { axis: op.axis }))
  },
  pad: (l, { op, inputs: [x], output }) => {
    const along = (size: number): number[] => output.shape.map((_, axis) => (axis === op.axis ? size : 0))
    const pads = longs(l.onnx, [...along(op.before), ...along(op.after)])
    put(l, output, emit(l.onnx, 'Pad', [view(l, x, x?.shape ?? []), pads]))
  },
  transpose: (l, { op, inputs: [x], output }) =>
    put(l, output, emit(l.onnx, 'Transpose', [view(l, x, x?.shape ?? [])], { perm: op.permutation })),
}

/** The slices that together are all of this slice's source, in order; null when they leave gaps or overlap. */
function piecesOf(l: Lowering, { op, inputs: [x] }: Node<Extract<ShapeOp, { type: 'slice' }>>): Value[] | null {
  if (x === undefined) return null
  const siblings = (l.users.get(x) ?? []).flatMap((node) =>
    node.op.type === 'slice' && node.op.axis === op.axis ? [{ start: node.op.start, value: node.output }] : [],
  )
  siblings.sort((a, b) => a.start - b.start)
  let end = 0
  for (const { start, value } of siblings) {
    if (start !== end) return null
    end += value.shape[op.axis] ?? 0
  }
  return end === x.shape[op.axis] ? siblings.map(({ value }) => value) : null
}

function split(l: Lowering, x: Value, axis: number, pieces: readonly Value[]): void {
  const [first] = pieces
  if (pieces.length === 1 && first !== undefined) {
    put(l, first, view(l, x, x.shape))
    return
  }
  const sizes = pieces.map((piece) => piece.shape[axis] ?? sizeOf(piece.shape))
  const names = pieces.map(() => freshName(l.onnx, 'piece'))
  emitMany(l.onnx, 'Split', [view(l, x, x.shape), longs(l.onnx, sizes)], names, { axis })
  pieces.forEach((piece, i) => {
    put(l, piece, names[i] ?? '')
  })
}
