import { dims4, type Shape } from '../ir/graph.ts'
import type { PoolOp } from '../ir/pool.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, only, two } from './arrays.ts'
import type { Kernels } from './run.ts'

/** Calls `visit` with each output index and the flat index of its window's first maximum. */
function eachMaximum(w: Windows, shape: Shape, x: Float64Array, visit: (output: number, winner: number) => void): void {
  const [batch, , , channels] = dims4(shape)
  let output = 0
  for (let n = 0; n < batch; n++)
    for (let oy = 0; oy < w.outputHeight; oy++)
      for (let ox = 0; ox < w.outputWidth; ox++)
        for (let c = 0; c < channels; c++) {
          let winner = -1
          for (let ky = 0; ky < w.height; ky++)
            for (let kx = 0; kx < w.width; kx++) {
              const iy = oy * w.strideY - w.padTop + ky
              const ix = ox * w.strideX - w.padLeft + kx
              if (iy < 0 || ix < 0 || iy >= w.inputHeight || ix >= w.inputWidth) continue
              const i = ((n * w.inputHeight + iy) * w.inputWidth + ix) * channels + c
              if (winner < 0 || at(x, i) > at(x, winner)) winner = i
            }
          visit(output++, winner)
        }
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
