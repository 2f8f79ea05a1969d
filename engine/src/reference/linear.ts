import { dims2, operands } from '../ir/graph.ts'
import type { LinearOp } from '../ir/linear.ts'
import { at, indexOf, newOutput, only, positionAt, two } from './arrays.ts'
import type { Kernels } from './run.ts'

export const linearKernels: Kernels<LinearOp> = {
  matMul: (node, inputs) => {
    const { transposeA, transposeB } = node.op
    const [x, y] = operands(node)
    const [a, b] = two(inputs)
    const [rows, columns] = dims2(node.output.shape)
    const [rowsA, columnsA] = dims2(x.shape)
    const columnsB = dims2(y.shape)[1]
    const inner = transposeA ? rowsA : columnsA
    const output = newOutput(node.output)
    for (let r = 0; r < rows; r++)
      for (let c = 0; c < columns; c++) {
        let total = 0
        for (let k = 0; k < inner; k++)
          total +=
            at(a, transposeA ? k * columnsA + r : r * columnsA + k) *
            at(b, transposeB ? c * columnsB + k : k * columnsB + c)
        output[r * columns + c] = total
      }
    return output
  },
  sum: ({ op, inputs: [x], output }, inputs) => {
    const y = newOutput(output)
    only(inputs).forEach((value, i) => {
      const kept = positionAt(i, x?.shape ?? []).filter((_, axis) => !op.axes.includes(axis))
      const index = indexOf(kept, output.shape)
      y[index] = at(y, index) + value
    })
    return y
  },
  expand: ({ inputs: [x], output }, inputs) => {
    const data = only(inputs)
    return newOutput(output).map((_, i) => at(data, indexOf(positionAt(i, output.shape), x?.shape ?? [])))
  },
}
