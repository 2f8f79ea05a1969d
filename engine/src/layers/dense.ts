import { plus } from '../ir/elementwise.ts'
import { sizeOf } from '../ir/graph.ts'
import { matMul } from '../ir/linear.ts'
import { reshape } from '../ir/shape.ts'
import { readActivation } from './activation.ts'
import { readSize } from './images.ts'
import { type OneInputReader, parameterAt } from './layer.ts'
import { kernelAndBias } from './parameters.ts'

/** `tf.layers.dense`; on an input of several axes it works on the last one, as TensorFlow.js does. */
export const dense: OneInputReader = (name, fields, inputShape) => {
  const units = readSize(name, fields, 'units')
  const inputs = inputShape.at(-1) ?? 1
  const activate = readActivation(fields)
  return {
    name,
    outputShape: [...inputShape.slice(0, -1), units],
    parameters: kernelAndBias(name, fields, [inputs, units]),
    build(g, x, parameters) {
      const [, bias] = parameters
      const rows = reshape(g, x, [sizeOf(x.shape) / inputs, inputs])
      const y = matMul(g, rows, parameterAt(parameters, 0))
      const z = bias === undefined ? y : plus(g, y, bias)
      return activate(g, reshape(g, z, [...x.shape.slice(0, -1), units]))
    },
  }
}
