import type { DepthwiseOp } from '../ir/depthwise.ts'
import { dims4 } from '../ir/graph.ts'
import { productKernels } from './products.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

const { forward, gradInput, gradFilter } = productKernels((w, batch, filter, visit) => {
  const [, , channels, multiplier] = dims4(filter)
  eachTap(w, batch, (output, tap, pixel) => {
    for (let c = 0; c < channels; c++)
      for (let k = 0; k < multiplier; k++) {
        const own = c * multiplier + k
        visit(pixel * channels + c, tap * channels * multiplier + own, output * channels * multiplier + own)
      }
  })
})

export const depthwiseKernels: Kernels<DepthwiseOp> = {
  depthwiseConv2d: forward,
  depthwiseConv2dGradInput: gradInput,
  depthwiseConv2dGradFilter: gradFilter,
}
