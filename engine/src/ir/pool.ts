import { add, dims4, type Graph, type Rules, type Value } from './graph.ts'
import type { Windows } from './windows.ts'

/** Maximum over windows, channel by channel. Padding never wins. */
export type PoolOp =
  /** images `[n, h, w, c]` → `[n, oh, ow, c]` */
  | { readonly type: 'maxPool'; readonly windows: Windows }
  /** (images, gradient of the output) → gradient of the images. Of tied maxima the first in row-major order gets all of it. */
  | { readonly type: 'maxPoolGrad'; readonly windows: Windows }

export function maxPool(g: Graph, x: Value, windows: Windows): Value {
  const [batch, height, width, channels] = dims4(x.shape)
  if (height !== windows.inputHeight || width !== windows.inputWidth)
    throw new Error(`maxPool: windows do not fit image [${x.shape}]`)
  return add(g, { type: 'maxPool', windows }, [x], [batch, windows.outputHeight, windows.outputWidth, channels])
}

export const poolRules: Rules<PoolOp> = {
  maxPool: (g, { op, inputs: [x] }, dy) => [
    () => add(g, { type: 'maxPoolGrad', windows: op.windows }, x === undefined ? [] : [x, dy], x?.shape ?? []),
  ],
  maxPoolGrad: null,
}
