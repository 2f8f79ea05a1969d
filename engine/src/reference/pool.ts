import { dims4, type Shape } from '../ir/graph.ts'
import type { PoolOp } from '../ir/pool.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, only, two } from './arrays.ts'
import type { Kernels } from './run.ts'
import { eachTap } from './windows.ts'

/** Calls `visit` with each output index and the flat index of its window's first maximum. */
function eachMaximum(w: Windows, shape: Shape, x: Float64Array, visit: (output: number, winner: number) => void): void {
  const [batch, , , channels] = dims4(shape)
  const winners = new Map<number, number>()
  eachTap(w, batch, (output, _, pixel) => {
    for (let c = 0; c < channels; c++) {
      const [o, i] = [output * channels + c, pixel * channels + c]
      const winner = winners.get(o)
      if (winner === undefined || at(x, i) > at(x, winner)) winners.set(o, i)
    }
  })
  for (const [output, winner] of winners) visit(output, winner)
}

export const poolKernels: Kernels<PoolOp> = {
  maxPool: ({ op, inputs: [image], output }, inputs) => {
    const x = only(inputs)
    const y = newOutput(output)
    eachMaximum(op.windows, image?.shape ?? [], x, (o, winner) => {
      y[o] = at(x, winner)
    })
    return y
  },
  maxPoolGrad: ({ op, output }, inputs) => {
    const [x, dy] = two(inputs)
    const dx = newOutput(output)
    eachMaximum(op.windows, output.shape, x, (o, winner) => {
      dx[winner] = at(dx, winner) + at(dy, o)
    })
    return dx
  },
}
