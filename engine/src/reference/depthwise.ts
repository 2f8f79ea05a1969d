import type { DepthwiseOp } from '../ir/depthwise.ts'
import { dims4, operands, type Shape } from '../ir/graph.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, two } from './arrays.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

/** Calls `visit` with the flat indices of every product that is added up; `filter` is the shape of the filters. */
function eachProduct(
  w: Windows,
  batch: number,
  filter: Shape,
  visit: (x: number, filter: number, y: number) => void,
): void {
  const [, , channels, multiplier] = dims4(filter)
  eachTap(w, batch, (output, tap, pixel) => {
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < multiplier; k++)
        visit(
          pixel * channels + c,
          (tap * channels + c) * multiplier + k,
          output * channels * multiplier + c * multiplier + k,
        )
  })
}

export const depthwiseKernels: Kernels<DepthwiseOp> = {
  depthwiseConv2d: (node, inputs) => {
    const [x, filter] = two(inputs)
    const y = newOutput(node.output)
    eachProduct(node.op.windows, dims4(node.output.shape)[0], operands(node)[1].shape, (i, k, o) => {
      y[o] = at(y, o) + at(x, i) * at(filter, k)
    })
    return y
  },
  depthwiseConv2dGradInput: (node, inputs) => {
    const [dy, filter] = two(inputs)
    const dx = newOutput(node.output)
    eachProduct(node.op.windows, dims4(node.output.shape)[0], operands(node)[1].shape, (i, k, o) => {
      dx[i] = at(dx, i) + at(dy, o) * at(filter, k)
    })
    return dx
  },
  depthwiseConv2dGradFilter: (node, inputs) => {
    const [x, dy] = two(inputs)
    const gradient = newOutput(node.output)
    eachProduct(node.op.windows, dims4(operands(node)[0].shape)[0], node.output.shape, (i, k, o) => {
      gradient[k] = at(gradient, k) + at(x, i) * at(dy, o)
    })
    return gradient
  },
}
