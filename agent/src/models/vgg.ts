import * as tf from '@tensorflow/tfjs'
import { AgentError } from '../errors.ts'
import { type NetworkOptions, readNetwork, requireInteger, requireNumber } from './options.ts'

export interface VggOptions extends NetworkOptions {
  /** Filters of each block; default [32, 64, 128]. A block halves the image's side. */
  readonly filters?: readonly number[]
  /** Convolutions of each block; default 2. */
  readonly convolutions?: number
  /** Widths of the dense layers; default [128]. */
  readonly denseWidths?: readonly number[]
  /** Share of a dense layer's outputs that is dropped while training; 0 (default) ≤ x < 1. */
  readonly dropout?: number
}

/**
 * A VGG-style network: blocks of 3 × 3 convolutions, a pooling after each, then dense layers (Simonyan & Zisserman 2015,
 * arXiv:1409.1556). With filters [64, 128, 256, 512, 512] and dense widths [4096, 4096] it is VGG-13.
 */
export function vgg(options: VggOptions): tf.Sequential {
  const { inputShape, classCount } = readNetwork('vgg', options)
  const { filters = [32, 64, 128], convolutions = 2, denseWidths = [128], dropout = 0 } = options
  requireBlocks(filters, inputShape[0])
  requireInteger('models.vgg: convolutions', convolutions, 1, 8)
  for (const width of denseWidths) requireInteger('models.vgg: denseWidths', width, 1, 16_384)
  requireNumber('models.vgg: dropout', dropout, 0, 0.99, true)
  const block = (count: number): tf.layers.Layer[] => [
    ...Array.from({ length: convolutions }, () =>
      tf.layers.conv2d({
        filters: count,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: 'heNormal',
      }),
    ),
    tf.layers.maxPooling2d({ poolSize: 2 }),
  ]
  const dense = (units: number): tf.layers.Layer[] => [
    tf.layers.dense({ units, activation: 'relu', kernelInitializer: 'heNormal' }),
    ...(dropout > 0 ? [tf.layers.dropout({ rate: dropout })] : []),
  ]
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape }),
      ...filters.flatMap(block),
      tf.layers.flatten(),
      ...denseWidths.flatMap(dense),
      tf.layers.dense({ units: classCount, activation: 'softmax' }),
    ],
  })
}

function requireBlocks(filters: readonly number[], imageSize: number): void {
  for (const count of filters) requireInteger('models.vgg: filters', count, 1, 4096)
  const most = Math.floor(Math.log2(imageSize))
  if (filters.length >= 1 && filters.length <= most) return
  throw new AgentError(
    'E_OPTION',
    'models.vgg: filters',
    `1 to ${most} blocks for ${imageSize} pixels`,
    `${filters.length}`,
  )
}
