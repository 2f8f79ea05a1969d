import { conv2d as convolve } from '../ir/conv.ts'
import { plus } from '../ir/elementwise.ts'
import { readActivation } from './activation.ts'
import { imageShape, readSize, readWindows } from './images.ts'
import { type OneInputReader, parameterAt } from './layer.ts'
import { kernelAndBias } from './parameters.ts'

/** `tf.layers.conv2d`: channels last, any kernel size, stride and dilation, padding 'same' or 'valid'. */
export const conv2d: OneInputReader = (name, fields, inputShape) => {
  const [, , channels] = imageShape(name, inputShape)
  const filters = readSize(name, fields, 'filters')
  const size = fields.pair('kernel_size')
  const windows = readWindows(name, fields, inputShape, size, fields.pair('strides', [1, 1]))
  const activate = readActivation(fields)
  return {
    name,
    outputShape: [windows.outputHeight, windows.outputWidth, filters],
    parameters: kernelAndBias(name, fields, [...size, channels, filters]),
    build(g, x, parameters) {
      const [, bias] = parameters
      const y = convolve(g, x, parameterAt(parameters, 0), windows)
      return activate(g, bias === undefined ? y : plus(g, y, bias))
    },
  }
}
