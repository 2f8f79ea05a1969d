import { add, dims4, type Graph, operands, type Rules, type Value } from './graph.ts'
import type { Windows } from './windows.ts'

/** 2-D convolution: images `[n, h, w, c]`, filters `[kh, kw, c, f]`, no bias. As everywhere in deep learning, filters are not flipped. */
export type ConvOp =
  /** (images, filters) → `[n, oh, ow, f]` */
  | { readonly type: 'conv2d'; readonly windows: Windows }
  /** (gradient of the output, filters) → gradient of the images */
  | { readonly type: 'conv2dGradInput'; readonly windows: Windows }
  /** (images, gradient of the output) → gradient of the filters */
  | { readonly type: 'conv2dGradFilter'; readonly windows: Windows }

export function conv2d(g: Graph, x: Value, filter: Value, windows: Windows): Value {
  const [batch, height, width, channels] = dims4(x.shape)
  const [kernelHeight, kernelWidth, inputs, filters] = dims4(filter.shape)
  if (height !== windows.inputHeight || width !== windows.inputWidth || channels !== inputs)
    throw new Error(`conv2d: filter [${filter.shape}] does not fit image [${x.shape}]`)
  if (kernelHeight !== windows.height || kernelWidth !== windows.width)
    throw new Error('conv2d: windows of another size')
  return add(g, { type: 'conv2d', windows }, [x, filter], [batch, windows.outputHeight, windows.outputWidth, filters])
}

export const convRules: Rules<ConvOp> = {
  conv2d: (g, node, dy) => {
    const [x, filter] = operands(node)
    const { windows } = node.op
    return [
      () => add(g, { type: 'conv2dGradInput', windows }, [dy, filter], x.shape),
      () => add(g, { type: 'conv2dGradFilter', windows }, [x, dy], filter.shape),
    ]
  },
  conv2dGradInput: null,
  conv2dGradFilter: null,
}
