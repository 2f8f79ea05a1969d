import type { RowOp } from '../../ir/rows.ts'
import { ELEMENTS, emit, ints } from '../graph.ts'
import { type Lowers, put, view } from '../lowering.ts'

export const rowLowers: Lowers<RowOp> = {
  firstMax: (l, { inputs: [x], output }) => {
    const columns = output.shape.at(-1) ?? 1
    const all = ints(
      l.onnx,
      [columns],
      Array.from({ length: columns }, (_, i) => i),
    )
    // Of equal elements ArgMax takes the first.
    const best = emit(l.onnx, 'ArgMax', [view(l, x, output.shape)], { axis: -1, keepdims: 1 })
    const isBest = emit(l.onnx, 'Equal', [emit(l.onnx, 'Cast', [best], { to: ELEMENTS.int32 }), all])
    put(l, output, emit(l.onnx, 'Cast', [isBest], { to: ELEMENTS.float32 }))
  },
}
