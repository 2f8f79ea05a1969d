import type { AvgPoolOp } from '../ir/avgpool.ts'
import { dims4, type Shape } from '../ir/graph.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, only } from './arrays.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

/** Calls `visit` with the flat indices of an input and of an output whose window it lies in, and the size of that window in pixels. */
function eachShare(w: Windows, image: Shape, visit: (x: number, y: number, count: number) => void): void {
  const [batch, , , channels] = dims4(image)
  const counts = new Map<number, number>()
  eachTap(w, batch, (output) => counts.set(output, (counts.get(output) ?? 0) + 1))
  eachTap(w, batch, (output, _, pixel) => {
    for (let c = 0; c < channels; c++) visit(pixel * channels + c, output * channels + c, counts.get(output) ?? 0)
  })
}

export const avgPoolKernels: Kernels<AvgPoolOp> = {
  avgPool: ({ op, inputs: [image], output }, inputs) => {
    const x = only(inputs)
    const y = newOutput(output)
    eachShare(op.windows, image?.shape ?? [], (i, o, count) => {
      y[o] = at(y, o) + at(x, i) / count
    })
    return y
  },
  avgPoolGrad: ({ op, output }, inputs) => {
    const dy = only(inputs)
    const dx = newOutput(output)
    eachShare(op.windows, output.shape, (i, o, count) => {
      dx[i] = at(dx, i) + at(dy, o) / count
    })
    return dx
  },
}
