import { sizeOf } from '../ir/graph.ts'
import { reshape } from '../ir/shape.ts'
import type { LayerReader } from './layer.ts'

/** `tf.layers.flatten` */
export const flatten: LayerReader = (name, _, inputShape) => {
  const size = sizeOf(inputShape)
  return { name, outputShape: [size], parameters: [], build: (g, x) => reshape(g, x, [x.shape[0] ?? 1, size]) }
}
