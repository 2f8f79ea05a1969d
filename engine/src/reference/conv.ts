import type { ConvOp } from '../ir/conv.ts'
import { dims4, operands, type Shape } from '../ir/graph.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, two } from './arrays.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

/** Calls `visit` with the flat indices of every product that a convolution adds up. */
function eachProduct(
  w: Windows,
  image: Shape,
  filters: number,
  visit: (x: number, filter: number, y: number) => void,
): void {
  const [batch, , , channels] = dims4(image)
  eachTap(w, batch, (output, tap, pixel) => {
    for (let c = 0; c < channels; c++)
      for (let f = 0; f < filters; f++)
        visit(pixel * channels + c, (tap * channels + c) * filters + f, output * filters + f)
  })
}

export const convKernels: Kernels<ConvOp> = {
  conv2d: (node, inputs) => {
    const [x, filter] = two(inputs)
    const y = newOutput(node.output)
    eachProduct(node.op.windows, operands(node)[0].shape, dims4(node.output.shape)[3], (i, k, o) => {
      y[o] = at(y, o) + at(x, i) * at(filter, k)
    })
    return y
  },
  conv2dGradInput: (node, inputs) => {
    const [dy, filter] = two(inputs)
    const dx = newOutput(node.output)
    eachProduct(node.op.windows, node.output.shape, dims4(operands(node)[0].shape)[3], (i, k, o) => {
      dx[i] = at(dx, i) + at(dy, o) * at(filter, k)
    })
    return dx
  },
  conv2dGradFilter: (node, inputs) => {
    const [x, dy] = two(inputs)
    const gradient = newOutput(node.output)
    eachProduct(node.op.windows, operands(node)[0].shape, dims4(node.output.shape)[3], (i, k, o) => {
      gradient[k] = at(gradient, k) + at(x, i) * at(dy, o)
    })
    return gradient
  },
}
