import { add, dims4, type Graph, operands, type Rules, type Value } from './graph.ts'
import type { Windows } from './windows.ts'

/**
 * 2-D convolution of each channel by itself: images `[n, h, w, c]`, filters `[kh, kw, c, m]`, m filters per channel, no bias. The k-th
 * filter of channel i gives channel i × m + k of the output, as in TensorFlow.
 */
export type DepthwiseOp =
  /** (images, filters) → `[n, oh, ow, c × m]` */
  | { readonly type: 'depthwiseConv2d'; readonly windows: Windows }
  /** (gradient of the output, filters) → gradient of the images */
  | { readonly type: 'depthwiseConv2dGradInput'; readonly windows: Windows }
  /** (images, gradient of the output) → gradient of the filters */
  | { readonly type: 'depthwiseConv2dGradFilter'; readonly windows: Windows }

export function depthwiseConv2d(g: Graph, x: Value, filter: Value, windows: Windows): Value {
  const [batch, height, width, channels] = dims4(x.shape)
  const [kernelHeight, kernelWidth, inputs, multiplier] = dims4(filter.shape)
  if (height !== windows.inputHeight || width !== windows.inputWidth || channels !== inputs)
    throw new Error(`depthwiseConv2d: filter [${filter.shape}] does not fit image [${x.shape}]`)
  if (kernelHeight !== windows.height || kernelWidth !== windows.width)
    throw new Error('depthwiseConv2d: windows of another size')
  const shape = [batch, windows.outputHeight, windows.outputWidth, channels * multiplier]
  return add(g, { type: 'depthwiseConv2d', windows }, [x, filter], shape)
}

export const depthwiseRules: Rules<DepthwiseOp> = {
  depthwiseConv2d: (g, node, dy) => {
    const [x, filter] = operands(node)
    const { windows } = node.op
    return [
      () => add(g, { type: 'depthwiseConv2dGradInput', windows }, [dy, filter], x.shape),
      () => add(g, { type: 'depthwiseConv2dGradFilter', windows }, [x, dy], filter.shape),
    ]
  },
  depthwiseConv2dGradInput: null,
  depthwiseConv2dGradFilter: null,
}
