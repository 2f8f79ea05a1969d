import * as tf from '@tensorflow/tfjs'
import { chain, channelsOf, join } from './chain.ts'
import { type NetworkOptions, readNetwork, requireNumber } from './options.ts'

export interface EfficientNetB0Options extends NetworkOptions {
  /** Share of the last features that is dropped while training; 0 ≤ x < 1, default 0.2. */
  readonly dropout?: number
  /** How often the last block is left out of a sample's training step, and blocks before it less often; 0 ≤ x < 1, default 0.2. */
  readonly dropConnect?: number
}

/** Table 1 of the paper: kernel, expansion, filters, blocks, stride of the first of them. */
const STAGES = [
  [3, 1, 16, 1, 1],
  [3, 6, 24, 2, 2],
  [5, 6, 40, 2, 2],
  [3, 6, 80, 3, 2],
  [5, 6, 112, 3, 1],
  [5, 6, 192, 4, 2],
  [3, 6, 320, 1, 1],
] as const
const BLOCKS = STAGES.reduce((sum, [, , , count]) => sum + count, 0)

/** Filters of a gate's inner convolution, as a share of what comes into its block. */
const SQUEEZE = 0.25

/**
 * EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946), with the layers and names of Keras's application, so that its weights fit. Keras
 * counts 5,330,571 parameters with 1,000 classes; its first two layers scale pixels and hold 7 of them (mean, variance, count), which
 * is the normalisation's part here: 5,330,564. It divides the image's side by 32.
 */
export function efficientNetB0(options: EfficientNetB0Options): tf.LayersModel {
  const { inputShape, classCount } = readNetwork('efficientNetB0', options)
  const { dropout = 0.2, dropConnect = 0.2 } = options
  requireNumber('models.efficientNetB0: dropout', dropout, 0, 0.99, true)
  requireNumber('models.efficientNetB0: dropConnect', dropConnect, 0, 0.99, true)
  const inputs = tf.input({ shape: inputShape })
  let x = chain(inputs, convolution('stem_conv', 32, { kernelSize: 3, strides: 2 }), ...activated('stem'))
  let done = 0
  for (const [stage, [kernelSize, expansion, filters, count, strides]] of STAGES.entries())
    for (let i = 0; i < count; i++) {
      const name = `block${stage + 1}${'abcd'[i]}`
      const drop = (dropConnect * done++) / BLOCKS
      x = gatedBlock(name, x, { kernelSize, expansion, filters, strides: i === 0 ? strides : 1, drop })
    }
  const outputs = chain(
    x,
    convolution('top_conv', 1280),
    ...activated('top'),
    tf.layers.globalAveragePooling2d({ name: 'avg_pool' }),
    tf.layers.dropout({ name: 'top_dropout', rate: dropout }),
    tf.layers.dense({
      name: 'predictions',
      units: classCount,
      activation: 'softmax',
      kernelInitializer: headInitializer(),
    }),
  )
  return tf.model({ inputs, outputs })
}

interface Block {
  readonly kernelSize: number
  readonly expansion: number
  readonly filters: number
  readonly strides: number
  readonly drop: number
}

/** MobileNetV2's block with a gate between its convolutions. */
function gatedBlock(
  name: string,
  x: tf.SymbolicTensor,
  { kernelSize, expansion, filters, strides, drop }: Block,
): tf.SymbolicTensor {
  const channels = channelsOf(x)
  const wide =
    expansion === 1
      ? x
      : chain(x, convolution(`${name}_expand_conv`, expansion * channels), ...activated(`${name}_expand`))
  const deep = chain(wide, depthwise(`${name}_dwconv`, kernelSize, strides), ...activated(name))
  const gated = join(tf.layers.multiply({ name: `${name}_se_excite` }), [
    deep,
    gate(name, deep, Math.max(1, Math.floor(channels * SQUEEZE))),
  ])
  const narrow = chain(gated, convolution(`${name}_project_conv`, filters), normalisation(`${name}_project_bn`))
  if (strides !== 1 || channels !== filters) return narrow
  const kept = drop === 0 ? narrow : chain(narrow, dropSample(`${name}_drop`, drop))
  return join(tf.layers.add({ name: `${name}_add` }), [kept, x])
}

/** Squeeze and excitation (Hu et al. 2018, arXiv:1709.01507): how much each channel counts, judged from the mean of all. */
function gate(name: string, x: tf.SymbolicTensor, squeezed: number): tf.SymbolicTensor {
  const channels = channelsOf(x)
  return chain(
    x,
    tf.layers.globalAveragePooling2d({ name: `${name}_se_squeeze` }),
    tf.layers.reshape({ name: `${name}_se_reshape`, targetShape: [1, 1, channels] }),
    convolution(`${name}_se_reduce`, squeezed, { activation: 'swish' }),
    convolution(`${name}_se_expand`, channels, { activation: 'sigmoid' }),
  )
}

/** One draw for all of a sample: its block is skipped (Huang et al. 2016, arXiv:1603.09382). */
function dropSample(name: string, rate: number): tf.layers.Layer {
  // TensorFlow.js takes null for an axis as long as the input's, and its type does not say so.
  const noiseShape = [null, 1, 1, 1] as unknown as number[]
  return tf.layers.dropout({ name, rate, noiseShape })
}

interface ConvolutionOptions {
  readonly kernelSize?: number
  readonly strides?: number
  /** With an activation there is a bias, and else a normalisation after it. */
  readonly activation?: 'swish' | 'sigmoid'
}

const convolution = (
  name: string,
  filters: number,
  { kernelSize = 1, strides = 1, activation }: ConvolutionOptions = {},
): tf.layers.Layer =>
  tf.layers.conv2d({
    name,
    filters,
    kernelSize,
    strides,
    padding: 'same',
    useBias: activation !== undefined,
    kernelInitializer: fanOut(),
    ...(activation && { activation }),
  })

const depthwise = (name: string, kernelSize: number, strides: number): tf.layers.Layer =>
  tf.layers.depthwiseConv2d({
    name,
    kernelSize,
    strides,
    padding: 'same',
    useBias: false,
    depthwiseInitializer: fanOut(),
  })

const fanOut = () => tf.initializers.varianceScaling({ scale: 2, mode: 'fanOut', distribution: 'truncatedNormal' })
const headInitializer = () => tf.initializers.varianceScaling({ scale: 1 / 3, mode: 'fanOut', distribution: 'uniform' })

const normalisation = (name: string): tf.layers.Layer => tf.layers.batchNormalization({ name })

const activated = (name: string): tf.layers.Layer[] => [
  normalisation(`${name}_bn`),
  tf.layers.activation({ name: `${name}_activation`, activation: 'swish' }),
]
