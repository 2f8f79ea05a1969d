import { conv2d } from '../ir/conv.ts'
import { depthwiseConv2d as convolve } from '../ir/depthwise.ts'
import { plus } from '../ir/elementwise.ts'
import { windowsOf } from '../ir/windows.ts'
import { readActivation } from './activation.ts'
import { imageShape, readSize, readWindows } from './images.ts'
import { type OneInputReader, parameterAt } from './layer.ts'
import { readBias, readParameter } from './parameters.ts'

/** `tf.layers.depthwiseConv2d`: `depthMultiplier` filters for each channel alone. */
export const depthwiseConv2d: OneInputReader = (name, fields, inputShape) => {
  const [, , channels] = imageShape(name, inputShape)
  const multiplier = readSize(name, fields, 'depth_multiplier', 1)
  const size = fields.pair('kernel_size')
  const windows = readWindows(name, fields, inputShape, size, fields.pair('strides', [1, 1]))
  const activate = readActivation(fields)
  const saved = 'depthwise_kernel'
  return {
    name,
    outputShape: [windows.outputHeight, windows.outputWidth, channels * multiplier],
    parameters: [
      readParameter(name, fields, 'depthwise', [...size, channels, multiplier], { saved }),
      ...readBias(name, fields, channels * multiplier),
    ],
    build(g, x, parameters) {
      const [, bias] = parameters
      const y = convolve(g, x, parameterAt(parameters, 0), windows)
      return activate(g, bias === undefined ? y : plus(g, y, bias))
    },
  }
}

/** `tf.layers.separableConv2d`: a depthwise convolution, then a 1 × 1 convolution over its channels. */
export const separableConv2d: OneInputReader = (name, fields, inputShape) => {
  const [, , channels] = imageShape(name, inputShape)
  const multiplier = readSize(name, fields, 'depth_multiplier', 1)
  const filters = readSize(name, fields, 'filters')
  const size = fields.pair('kernel_size')
  const windows = readWindows(name, fields, inputShape, size, fields.pair('strides', [1, 1]))
  const { outputHeight, outputWidth } = windows
  const points = windowsOf([outputHeight, outputWidth], [1, 1], [1, 1], 'valid')
  const activate = readActivation(fields)
  const shape = [...size, channels, multiplier]
  return {
    name,
    outputShape: [outputHeight, outputWidth, filters],
    parameters: [
      readParameter(name, fields, 'depthwise', shape, { saved: 'depthwise_kernel' }),
      readParameter(name, fields, 'pointwise', [1, 1, channels * multiplier, filters], { saved: 'pointwise_kernel' }),
      ...readBias(name, fields, filters),
    ],
    build(g, x, parameters) {
      const [, , bias] = parameters
      const deep = convolve(g, x, parameterAt(parameters, 0), windows)
      const y = conv2d(g, deep, parameterAt(parameters, 1), points)
      return activate(g, bias === undefined ? y : plus(g, y, bias))
    },
  }
}
