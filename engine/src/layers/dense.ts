import { EngineError } from '../errors.ts'
import { plus } from '../ir/elementwise.ts'
import { sizeOf } from '../ir/graph.ts'
import { matMul } from '../ir/linear.ts'
import { reshape } from '../ir/shape.ts'
import { readActivation } from './activation.ts'
import { kernelAndBias, PLAIN_WEIGHTS } from './conv2d.ts'
import { isSize } from './fields.ts'
import type { LayerReader } from './layer.ts'

/** `tf.layers.dense`; on an input of several axes it works on the last one, as TensorFlow.js does. */
export const dense: LayerReader = (name, fields, inputShape) => {
  fields.only(PLAIN_WEIGHTS)
  const units = fields.number('units')
  if (!isSize(units)) throw new EngineError('E_MODEL', `${name}.units`, 'a positive integer', `${units}`)
  const inputs = inputShape.at(-1) ?? 1
  const outputShape = [...inputShape.slice(0, -1), units]
  const activate = readActivation(fields)
  return {
    name,
    outputShape,
    parameters: kernelAndBias(name, fields, [inputs, units]),
    build(g, x, [kernel, bias]) {
      if (kernel === undefined) throw new Error(`${name}: no kernel`)
      const rows = reshape(g, x, [sizeOf(x.shape) / inputs, inputs])
      const y = matMul(g, rows, kernel)
      const z = bias === undefined ? y : plus(g, y, bias)
      return activate(g, reshape(g, z, [...x.shape.slice(0, -1), units]))
    },
  }
}
