import * as tf from '@tensorflow/tfjs'
import { chain, channelsOf, join, toMultipleOf8 } from './chain.ts'
import { type NetworkOptions, readNetwork, requireNumber } from './options.ts'

export interface MobileNetV2Options extends NetworkOptions {
  /** Factor on the number of all filters; 0 < x ≤ 2, default 1. The paper has 0.35, 0.5, 0.75, 1 and 1.4. */
  readonly width?: number
}

/** Table 2 of the paper: expansion, filters, blocks, stride of the first of them. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const

/**
 * MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), with the layers and names of Keras's application, so that its weights fit:
 * 3,538,984 parameters at width 1 with 1,000 classes. It divides the image's side by 32. Moving averages follow by a momentum of 0.99,
 * and not 0.999, which takes thousands of steps.
 */
export function mobileNetV2(options: MobileNetV2Options): tf.LayersModel {
  const { inputShape, classCount } = readNetwork('mobileNetV2', options)
  const { width = 1 } = options
  requireNumber('models.mobileNetV2: width', width, 0, 2)
  const inputs = tf.input({ shape: inputShape })
  const stem = pointwiseLike('Conv1', toMultipleOf8(32 * width), { kernelSize: 3, strides: 2 })
  let x = chain(inputs, stem, normalisation('bn_Conv1'), relu6('Conv1_relu'))
  let block = 0
  for (const [expansion, filters, count, strides] of STAGES)
    for (let i = 0; i < count; i++)
      x = invertedResidual(x, block++, {
        expansion,
        filters: toMultipleOf8(Math.floor(filters * width)),
        strides: i === 0 ? strides : 1,
      })
  const outputs = chain(
    x,
    pointwiseLike('Conv_1', width > 1 ? toMultipleOf8(1280 * width) : 1280),
    normalisation('Conv_1_bn'),
    relu6('out_relu'),
    tf.layers.globalAveragePooling2d({}),
    tf.layers.dense({ units: classCount, activation: 'softmax', name: 'predictions' }),
  )
  return tf.model({ inputs, outputs })
}

/** Widens the channels, convolves each alone, and narrows them again, without a relu: the shortcut is between the narrow ends. */
function invertedResidual(
  x: tf.SymbolicTensor,
  block: number,
  { expansion, filters, strides }: { readonly expansion: number; readonly filters: number; readonly strides: number },
): tf.SymbolicTensor {
  const name = block === 0 ? 'expanded_conv' : `block_${block}`
  const channels = channelsOf(x)
  const wide =
    block === 0
      ? x
      : chain(
          x,
          pointwiseLike(`${name}_expand`, expansion * channels),
          normalisation(`${name}_expand_BN`),
          relu6(`${name}_expand_relu`),
        )
  const narrow = chain(
    wide,
    tf.layers.depthwiseConv2d({ name: `${name}_depthwise`, kernelSize: 3, strides, padding: 'same', useBias: false }),
    normalisation(`${name}_depthwise_BN`),
    relu6(`${name}_depthwise_relu`),
    pointwiseLike(`${name}_project`, filters),
    normalisation(`${name}_project_BN`),
  )
  return strides === 1 && channels === filters ? join(tf.layers.add({ name: `${name}_add` }), [x, narrow]) : narrow
}

/** A convolution without a bias, 1 × 1 unless said otherwise. */
const pointwiseLike = (name: string, filters: number, { kernelSize = 1, strides = 1 } = {}): tf.layers.Layer =>
  tf.layers.conv2d({ name, filters, kernelSize, strides, padding: 'same', useBias: false })

const normalisation = (name: string): tf.layers.Layer =>
  tf.layers.batchNormalization({ name, epsilon: 1e-3, momentum: 0.99 })

const relu6 = (name: string): tf.layers.Layer => tf.layers.reLU({ name, maxValue: 6 })
