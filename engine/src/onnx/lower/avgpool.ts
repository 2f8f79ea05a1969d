import type { AvgPoolOp } from '../../ir/avgpool.ts'
import { dims4, type Shape, type Value } from '../../ir/graph.ts'
import { columnUnder, rowUnder, type Windows } from '../../ir/windows.ts'
import { emit, floats, longs } from '../graph.ts'
import { type Lowering, type Lowers, put, view } from '../lowering.ts'

/*
 * A mean over windows is a mean over rows, then one over columns, and each is a product with a constant matrix that says which rows are under
 * which window. Strides, padding and overlap are only other matrices, and the gradient is their transposes.
 */
export const avgPoolLowers: Lowers<AvgPoolOp> = {
  avgPool: (l, { op, inputs: [x], output }) => {
    const { rows, columns } = meansOf(op.windows)
    put(l, output, multiplyAxes(l, x, rows, columns))
  },
  avgPoolGrad: (l, { op, inputs: [dy], output }) => {
    const { rows, columns } = meansOf(op.windows)
    put(l, output, multiplyAxes(l, dy, transposed(rows), transposed(columns)))
  },
}

type Matrix = readonly (readonly number[])[]

/** Multiplies the rows of images by one matrix and their columns by another. */
function multiplyAxes(l: Lowering, x: Value | undefined, rows: Matrix, columns: Matrix): string {
  const [batch, height, width, channels] = dims4(x?.shape ?? [])
  const byRows = product(l, rows, view(l, x, [batch, height, width * channels]))
  const shape = [batch * rows.length, width, channels]
  const byColumns = product(l, columns, emit(l.onnx, 'Reshape', [byRows, longs(l.onnx, shape)]))
  return emit(l.onnx, 'Reshape', [byColumns, longs(l.onnx, [batch, rows.length, columns.length, channels])])
}

function product(l: Lowering, matrix: Matrix, x: string): string {
  const shape: Shape = [matrix.length, matrix[0]?.length ?? 0]
  return emit(l.onnx, 'MatMul', [floats(l.onnx, shape, matrix.flat()), x])
}

/** For each row of windows the share that each row of pixels has in it, and the same for columns. */
const meansOf = (w: Windows): { rows: Matrix; columns: Matrix } => ({
  rows: means(w.outputHeight, w.inputHeight, w.height, (output, tap) => rowUnder(w, output, tap)),
  columns: means(w.outputWidth, w.inputWidth, w.width, (output, tap) => columnUnder(w, output, tap)),
})

function means(outputs: number, inputs: number, taps: number, under: (output: number, tap: number) => number): Matrix {
  return Array.from({ length: outputs }, (_, output) => {
    const inside = Array.from({ length: taps }, (_, tap) => under(output, tap)).filter((pixel) => pixel >= 0)
    return Array.from({ length: inputs }, (_, pixel) => (inside.includes(pixel) ? 1 / inside.length : 0))
  })
}

const transposed = (matrix: Matrix): Matrix =>
  (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0))
