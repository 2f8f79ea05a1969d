import { add, dims4, type Graph, type Rules, type Value } from './graph.ts'
import type { Windows } from './windows.ts'

/** Mean over windows, channel by channel. Padding is not counted, as in TensorFlow. */
export type AvgPoolOp =
  /** images `[n, h, w, c]` → `[n, oh, ow, c]` */
  | { readonly type: 'avgPool'; readonly windows: Windows }
  /** gradient of the output → gradient of the images */
  | { readonly type: 'avgPoolGrad'; readonly windows: Windows }

export function avgPool(g: Graph, x: Value, windows: Windows): Value {
  const [batch, height, width, channels] = dims4(x.shape)
  if (height !== windows.inputHeight || width !== windows.inputWidth)
    throw new Error(`avgPool: windows do not fit image [${x.shape}]`)
  return add(g, { type: 'avgPool', windows }, [x], [batch, windows.outputHeight, windows.outputWidth, channels])
}

// Each is a linear map, and the transposed map of the other.
export const avgPoolRules: Rules<AvgPoolOp> = {
  avgPool: (g, { op: { windows }, inputs: [x] }, dy) => [
    () => add(g, { type: 'avgPoolGrad', windows }, [dy], x?.shape ?? []),
  ],
  avgPoolGrad: (g, { op: { windows } }, dy) => [() => avgPool(g, dy, windows)],
}
