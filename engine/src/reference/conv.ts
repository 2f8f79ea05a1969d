import type { ConvOp } from '../ir/conv.ts'
import { dims4 } from '../ir/graph.ts'
import { productKernels } from './products.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

const { forward, gradInput, gradFilter } = productKernels((w, batch, filter, visit) => {
  const [, , channels, filters] = dims4(filter)
  eachTap(w, batch, (output, tap, pixel) => {
    for (let c = 0; c < channels; c++)
      for (let f = 0; f < filters; f++)
        visit(pixel * channels + c, (tap * channels + c) * filters + f, output * filters + f)
  })
})

export const convKernels: Kernels<ConvOp> = {
  conv2d: forward,
  conv2dGradInput: gradInput,
  conv2dGradFilter: gradFilter,
}
