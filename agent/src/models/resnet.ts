import * as tf from '@tensorflow/tfjs'
import { chain, channelsOf, join } from './chain.ts'
import { type NetworkOptions, readNetwork, requireInteger } from './options.ts'

export interface ResNet18Options extends NetworkOptions {
  /**
   * How it begins. `imagenet`: a 7 × 7 convolution and a pooling, which quarter the image's side, as published. `cifar`: a 3 × 3
   * convolution that keeps it, for small images. Default: `cifar` below 64 pixels.
   */
  readonly stem?: 'imagenet' | 'cifar'
  /** Filters of the first of four stages, which double from one to the next; default 64, as published. */
  readonly filters?: number
}

export interface ResNet8Options extends NetworkOptions {
  /** Filters of the first of three stages, which double from one to the next; default 16. */
  readonly filters?: number
}

/**
 * ResNet-18 (He et al. 2015, arXiv:1512.03385), with the layers, paddings and names of torchvision's. 11,689,512 trained parameters with
 * the ImageNet stem and 1,000 classes.
 */
export function resnet18(options: ResNet18Options): tf.LayersModel {
  const { inputShape, classCount } = readNetwork('resnet18', options)
  const { stem = options.imageSize < 64 ? 'cifar' : 'imagenet', filters = 64 } = options
  requireInteger('models.resnet18: filters', filters, 1, 1024)
  const inputs = tf.input({ shape: inputShape })
  const begun = stem === 'cifar' ? smallStem(inputs, filters) : imageNetStem(inputs, filters)
  return classifier(inputs, stages(begun, [filters, 2 * filters, 4 * filters, 8 * filters], 2), classCount)
}

/** ResNet-8 for small images (He et al. 2015, § 4.2, n = 1): three stages of one residual block. */
export function resnet8(options: ResNet8Options): tf.LayersModel {
  const { inputShape, classCount } = readNetwork('resnet8', options)
  const { filters = 16 } = options
  requireInteger('models.resnet8: filters', filters, 1, 1024)
  const inputs = tf.input({ shape: inputShape })
  return classifier(inputs, stages(smallStem(inputs, filters), [filters, 2 * filters, 4 * filters], 1), classCount)
}

const smallStem = (x: tf.SymbolicTensor, filters: number): tf.SymbolicTensor =>
  chain(x, ...convolution('conv1', filters, 3, 1), normalisation('bn1'), tf.layers.reLU())

const imageNetStem = (x: tf.SymbolicTensor, filters: number): tf.SymbolicTensor =>
  chain(
    x,
    ...convolution('conv1', filters, 7, 2),
    normalisation('bn1'),
    tf.layers.reLU(),
    // After a relu, zeros around the image are as good as nothing.
    aroundBy(1),
    tf.layers.maxPooling2d({ poolSize: 3, strides: 2 }),
  )

/** Stages of `blocks` blocks; each but the first halves the image's side. */
function stages(x: tf.SymbolicTensor, filters: readonly number[], blocks: number): tf.SymbolicTensor {
  let value = x
  for (const [stage, count] of filters.entries())
    for (let block = 0; block < blocks; block++)
      value = residualBlock(`layer${stage + 1}.${block}`, value, count, stage > 0 && block === 0 ? 2 : 1)
  return value
}

/** relu(x + F(x)), where F is two 3 × 3 convolutions; x is projected where its shape is another one. */
function residualBlock(name: string, x: tf.SymbolicTensor, filters: number, strides: number): tf.SymbolicTensor {
  const main = chain(
    x,
    ...convolution(`${name}.conv1`, filters, 3, strides),
    normalisation(`${name}.bn1`),
    tf.layers.reLU(),
    ...convolution(`${name}.conv2`, filters, 3, 1),
    normalisation(`${name}.bn2`),
  )
  const isSame = strides === 1 && channelsOf(x) === filters
  const shortcut = isSame
    ? x
    : chain(x, ...convolution(`${name}.downsample.0`, filters, 1, strides), normalisation(`${name}.downsample.1`))
  return chain(join(tf.layers.add(), [main, shortcut]), tf.layers.reLU())
}

const classifier = (inputs: tf.SymbolicTensor, x: tf.SymbolicTensor, classCount: number): tf.LayersModel =>
  tf.model({
    inputs,
    outputs: chain(
      x,
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: classCount, activation: 'softmax', name: 'fc' }),
    ),
  })

/** Padded by the same on all sides, as PyTorch does: 'same' would pad less to the left and above where the stride is 2. */
function convolution(name: string, filters: number, kernelSize: number, strides: number): tf.layers.Layer[] {
  const isEven = strides === 1 || kernelSize === 1
  const padding = isEven ? 'same' : 'valid'
  const own = { name, filters, kernelSize, strides, padding, useBias: false, kernelInitializer: 'heNormal' } as const
  return [...(isEven ? [] : [aroundBy((kernelSize - 1) / 2)]), tf.layers.conv2d(own)]
}

const aroundBy = (pixels: number): tf.layers.Layer =>
  tf.layers.zeroPadding2d({
    padding: [
      [pixels, pixels],
      [pixels, pixels],
    ],
  })

/** PyTorch's numbers: its momentum of 0.1 is one of 0.9 here. */
const normalisation = (name: string): tf.layers.Layer =>
  tf.layers.batchNormalization({ name, epsilon: 1e-5, momentum: 0.9 })
