import { activation, leakyReLU, reLU, softmaxLayer } from './activation.ts'
import { batchNormalization } from './batchnormalization.ts'
import { conv2d } from './conv2d.ts'
import { dense } from './dense.ts'
import { depthwiseConv2d, separableConv2d } from './depthwiseconv2d.ts'
import { dropout } from './dropout.ts'
import { type LayerReader, oneInput } from './layer.ts'
import { add, concatenate, multiply } from './merge.ts'
import { averagePooling2d, globalAveragePooling2d, globalMaxPooling2d, maxPooling2d } from './pooling2d.ts'
import { flatten, l2NormalizeLayer, rescaling, reshapeLayer, zeroPadding2d } from './shape.ts'

/** Every supported layer: its class in a layers-model JSON, the stem of its canonical name, its reader. */
export const LAYERS: ReadonlyMap<string, { readonly stem: string; readonly read: LayerReader }> = new Map([
  ['Activation', { stem: 'activation', read: oneInput(activation) }],
  ['Add', { stem: 'add', read: add }],
  ['AveragePooling2D', { stem: 'average_pooling2d', read: oneInput(averagePooling2d) }],
  ['BatchNormalization', { stem: 'batch_normalization', read: oneInput(batchNormalization) }],
  ['Concatenate', { stem: 'concatenate', read: concatenate }],
  ['Conv2D', { stem: 'conv2d', read: oneInput(conv2d) }],
  ['Dense', { stem: 'dense', read: oneInput(dense) }],
  ['DepthwiseConv2D', { stem: 'depthwise_conv2d', read: oneInput(depthwiseConv2d) }],
  ['Dropout', { stem: 'dropout', read: oneInput(dropout) }],
  ['Flatten', { stem: 'flatten', read: oneInput(flatten) }],
  ['GlobalAveragePooling2D', { stem: 'global_average_pooling2d', read: oneInput(globalAveragePooling2d) }],
  ['GlobalMaxPooling2D', { stem: 'global_max_pooling2d', read: oneInput(globalMaxPooling2d) }],
  ['L2Normalize', { stem: 'l2_normalize', read: oneInput(l2NormalizeLayer) }],
  ['LeakyReLU', { stem: 'leaky_re_lu', read: oneInput(leakyReLU) }],
  ['MaxPooling2D', { stem: 'max_pooling2d', read: oneInput(maxPooling2d) }],
  ['Multiply', { stem: 'multiply', read: multiply }],
  ['ReLU', { stem: 're_lu', read: oneInput(reLU) }],
  ['Rescaling', { stem: 'rescaling', read: oneInput(rescaling) }],
  ['Reshape', { stem: 'reshape', read: oneInput(reshapeLayer) }],
  ['SeparableConv2D', { stem: 'separable_conv2d', read: oneInput(separableConv2d) }],
  ['Softmax', { stem: 'softmax', read: oneInput(softmaxLayer) }],
  ['ZeroPadding2D', { stem: 'zero_padding2d', read: oneInput(zeroPadding2d) }],
])
