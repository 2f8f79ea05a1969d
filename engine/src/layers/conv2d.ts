import { EngineError } from '../errors.ts'
import { readInitializer } from '../initializers.ts'
import { conv2d as convolve } from '../ir/conv.ts'
import { plus } from '../ir/elementwise.ts'
import type { Shape } from '../ir/graph.ts'
import { windowsOf } from '../ir/windows.ts'
import { readActivation } from './activation.ts'
import { type Fields, isSize } from './fields.ts'
import type { LayerReader, Parameter } from './layer.ts'

/** `tf.layers.conv2d`: channels last, any kernel size and stride, padding 'same' or 'valid'. */
export const conv2d: LayerReader = (name, fields, inputShape) => {
  fields.only({ ...PLAIN_WEIGHTS, dilation_rate: [1, 1] })
  const [height, width, channels] = imageShape(name, inputShape)
  const filters = fields.number('filters')
  if (!isSize(filters)) throw new EngineError('E_MODEL', `${name}.filters`, 'a positive integer', `${filters}`)
  const [kernelHeight, kernelWidth] = fields.pair('kernel_size')
  const strides = fields.pair('strides', [1, 1])
  const padding = fields.choice('padding', ['valid', 'same'], 'valid')
  const windows = windowsOf([height, width], [kernelHeight, kernelWidth], strides, padding)
  const outputShape = [windows.outputHeight, windows.outputWidth, filters]
  refuseEmpty(name, inputShape, outputShape)
  const activate = readActivation(fields)
  return {
    name,
    outputShape,
    parameters: kernelAndBias(name, fields, [kernelHeight, kernelWidth, channels, filters]),
    build(g, x, [kernel, bias]) {
      if (kernel === undefined) throw new Error(`${name}: no kernel`)
      const y = convolve(g, x, kernel, windows)
      return activate(g, bias === undefined ? y : plus(g, y, bias))
    },
  }
}

/** Options of a weight that change training and are not supported. */
export const PLAIN_WEIGHTS = {
  kernel_regularizer: null,
  bias_regularizer: null,
  activity_regularizer: null,
  kernel_constraint: null,
  bias_constraint: null,
}

/** The parameters of a layer whose last kernel axis is its outputs. */
export function kernelAndBias(name: string, fields: Fields, shape: Shape): Parameter[] {
  const kernel = parameter(name, fields, 'kernel', shape)
  return fields.flag('use_bias', true) ? [kernel, parameter(name, fields, 'bias', shape.slice(-1))] : [kernel]
}

function parameter(name: string, fields: Fields, role: 'kernel' | 'bias', shape: Shape): Parameter {
  const key = `${role}_initializer`
  const given = fields.get(key) ?? { class_name: role === 'bias' ? 'Zeros' : 'GlorotNormal', config: {} }
  return { name: `${name}/${role}`, shape, initializer: readInitializer(given, `${name}.${key}`, shape) }
}

/** Checks that what comes in is an image `[height, width, channels]`. */
export function imageShape(name: string, shape: Shape): readonly [number, number, number] {
  const [height, width, channels] = shape
  if (shape.length === 3 && height !== undefined && width !== undefined && channels !== undefined)
    return [height, width, channels]
  throw new EngineError('E_MODEL', name, 'images [height, width, channels] from the layer before', `[${shape}]`)
}

/** Refuses a window larger than its image. */
export function refuseEmpty(name: string, inputShape: Shape, outputShape: Shape): void {
  if (outputShape.every((dim) => dim > 0)) return
  throw new EngineError('E_MODEL', name, `an image at least as large as the window`, `[${inputShape}]`)
}
