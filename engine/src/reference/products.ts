import { dims4, type Node, type Op, operands, type Shape } from '../ir/graph.ts'
import type { Windows } from '../ir/windows.ts'
import { at, newOutput, two } from './arrays.ts'

type Visit = (x: number, filter: number, y: number) => void
type Windowed = Node<Extract<Op, { readonly windows: Windows }>>
type ProductKernel = (node: Windowed, inputs: readonly Float64Array[]) => Float64Array

/**
 * A convolution and both its gradients: sums of products, which `eachProduct` visits by the flat indices of image, filter and output;
 * `filter` is the shape of the filters.
 */
export function productKernels(eachProduct: (w: Windows, batch: number, filter: Shape, visit: Visit) => void): {
  readonly forward: ProductKernel
  readonly gradInput: ProductKernel
  readonly gradFilter: ProductKernel
} {
  return {
    forward: (node, inputs) => {
      const [x, filter] = two(inputs)
      const y = newOutput(node.output)
      eachProduct(node.op.windows, dims4(node.output.shape)[0], operands(node)[1].shape, (i, k, o) => {
        y[o] = at(y, o) + at(x, i) * at(filter, k)
      })
      return y
    },
    gradInput: (node, inputs) => {
      const [dy, filter] = two(inputs)
      const dx = newOutput(node.output)
      eachProduct(node.op.windows, dims4(node.output.shape)[0], operands(node)[1].shape, (i, k, o) => {
        dx[i] = at(dx, i) + at(dy, o) * at(filter, k)
      })
      return dx
    },
    gradFilter: (node, inputs) => {
      const [x, dy] = two(inputs)
      const gradient = newOutput(node.output)
      eachProduct(node.op.windows, dims4(operands(node)[0].shape)[0], node.output.shape, (i, k, o) => {
        gradient[k] = at(gradient, k) + at(x, i) * at(dy, o)
      })
      return gradient
    },
  }
}
