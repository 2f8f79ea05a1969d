import type { RowOp } from '../ir/rows.ts'
import { newOutput, only } from './arrays.ts'
import type { Kernels } from './run.ts'

export const rowKernels: Kernels<RowOp> = {
  firstMax: ({ output }, inputs) => {
    const data = only(inputs)
    const y = newOutput(output)
    const columns = output.shape.at(-1) ?? 1
    for (let start = 0; start < data.length; start += columns) {
      const row = data.subarray(start, start + columns)
      y[start + row.indexOf(Math.max(...row))] = 1
    }
    return y
  },
}
