import { operands, type Shape } from '../ir/graph.ts'
import type { LossOp } from '../ir/loss.ts'
import { at, newOutput, only, two } from './arrays.ts'
import type { Kernels } from './run.ts'

const lastOf = (shape: Shape): number => shape.at(-1) ?? 1

/** Calls `visit` with each row of a matrix. */
function eachRow(x: Float64Array, columns: number, visit: (row: Float64Array, index: number) => void): void {
  for (let i = 0; i < x.length / columns; i++) visit(x.subarray(i * columns, (i + 1) * columns), i)
}

function logSumExp(row: Float64Array): number {
  const max = Math.max(...row)
  return max + Math.log(row.reduce((total, value) => total + Math.exp(value - max), 0))
}

export const lossKernels: Kernels<LossOp> = {
  softmax: ({ output }, inputs) => {
    const y = newOutput(output)
    const columns = lastOf(output.shape)
    eachRow(only(inputs), columns, (row, i) => {
      const norm = logSumExp(row)
      y.set(
        row.map((value) => Math.exp(value - norm)),
        i * columns,
      )
    })
    return y
  },
  crossEntropy: (node, inputs) => {
    const [logits, labels] = two(inputs)
    const y = newOutput(node.output)
    eachRow(logits, lastOf(operands(node)[0].shape), (row, i) => {
      y[i] = logSumExp(row) - at(row, at(labels, i))
    })
    return y
  },
  oneHot: ({ output }, inputs) => {
    const y = newOutput(output)
    only(inputs).forEach((label, i) => {
      y[i * lastOf(output.shape) + label] = 1
    })
    return y
  },
  isCorrect: (node, inputs) => {
    const [logits, labels] = two(inputs)
    const y = newOutput(node.output)
    eachRow(logits, lastOf(operands(node)[0].shape), (row, i) => {
      y[i] = row.indexOf(Math.max(...row)) === at(labels, i) ? 1 : 0
    })
    return y
  },
}
