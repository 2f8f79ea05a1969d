import type { Windows } from '../../ir/windows.ts'

/**
 * How a map between images of one channel is cut into blocks of rows. A block of output rows depends on a few input rows, and on the same
 * ones in every block when counted from its start: so it is their numbers, as one vector, times a matrix that serves all blocks.
 */
export interface Band {
  readonly blocks: number
  /** Rows and columns of a block's input, and of its output. */
  readonly rowsIn: number
  readonly widthIn: number
  readonly rowsOut: number
  readonly widthOut: number
  /** The input rows of each block; those outside the image are one past the last. */
  readonly table: Int32Array
  /** For each tap of the filter, where in the matrix its weight stands: `[taps, rowsIn × widthIn, rowsOut × widthOut]` of 0 and 1. */
  readonly selection: Float32Array
}

/** One axis of the map: the input position that weighs into `output` through `tap`; outside the image or not whole where there is none. */
interface Axis {
  readonly outputs: number
  readonly inputs: number
  readonly taps: number
  under(output: number, tap: number): number
}

/** Products with fewer columns than this leave the processor's vectors half empty: then two rows make a block. */
const ENOUGH_COLUMNS = 32

/** From images to outputs. */
export function forwardBand(w: Windows): Band {
  const rows = { outputs: w.outputHeight, inputs: w.inputHeight, taps: w.height, under: downwards(w) }
  const columns = { outputs: w.outputWidth, inputs: w.inputWidth, taps: w.width, under: across(w) }
  return band(rows, columns, rowsPerBlock(rows, columns, 1))
}

/** From gradients of the outputs to those of the images. */
export function gradientBand(w: Windows): Band {
  const rows = { outputs: w.inputHeight, inputs: w.outputHeight, taps: w.height, under: upwards(w) }
  const columns = { outputs: w.inputWidth, inputs: w.outputWidth, taps: w.width, under: back(w) }
  return band(rows, columns, rowsPerBlock(rows, columns, w.strideY))
}

type Under = Axis['under']
const downwards =
  (w: Windows): Under =>
  (output, tap) =>
    output * w.strideY - w.padTop + tap * w.dilationY
const across =
  (w: Windows): Under =>
  (output, tap) =>
    output * w.strideX - w.padLeft + tap * w.dilationX
const upwards =
  (w: Windows): Under =>
  (input, tap) =>
    (input + w.padTop - tap * w.dilationY) / w.strideY
const back =
  (w: Windows): Under =>
  (input, tap) =>
    (input + w.padLeft - tap * w.dilationX) / w.strideX

/** A multiple of `period`, after which the pattern repeats. */
function rowsPerBlock(rows: Axis, columns: Axis, period: number): number {
  const isNarrow = 2 * columns.outputs <= ENOUGH_COLUMNS
  return isNarrow && rows.outputs % (2 * period) === 0 ? 2 * period : period
}

function band(rows: Axis, columns: Axis, rowsOut: number): Band {
  const positions = Array.from({ length: rowsOut * rows.taps }, (_, i) =>
    rows.under(Math.floor(i / rows.taps), i % rows.taps),
  )
  const offsets = [...new Set(positions.filter(Number.isInteger))].sort((a, b) => a - b)
  const blocks = Math.ceil(rows.outputs / rowsOut)
  const step = rows.under(rowsOut, 0) - rows.under(0, 0)
  const table = Int32Array.from({ length: blocks * offsets.length }, (_, i) => {
    const row = Math.floor(i / offsets.length) * step + (offsets[i % offsets.length] ?? 0)
    return row >= 0 && row < rows.inputs ? row : rows.inputs
  })
  return {
    blocks,
    rowsIn: offsets.length,
    widthIn: columns.inputs,
    rowsOut,
    widthOut: columns.outputs,
    table,
    selection: select(rows, columns, offsets, rowsOut),
  }
}

function select(rows: Axis, columns: Axis, offsets: readonly number[], rowsOut: number): Float32Array {
  const [depth, width] = [offsets.length * columns.inputs, rowsOut * columns.outputs]
  const selection = new Float32Array(rows.taps * columns.taps * depth * width)
  for (let row = 0; row < rowsOut; row++)
    for (let ky = 0; ky < rows.taps; ky++) {
      const rowIn = offsets.indexOf(rows.under(row, ky))
      if (rowIn < 0) continue
      for (let column = 0; column < columns.outputs; column++)
        for (let kx = 0; kx < columns.taps; kx++) {
          const columnIn = columns.under(column, kx)
          if (!Number.isInteger(columnIn) || columnIn < 0 || columnIn >= columns.inputs) continue
          const from = rowIn * columns.inputs + columnIn
          selection[((ky * columns.taps + kx) * depth + from) * width + row * columns.outputs + column] = 1
        }
    }
  return selection
}
