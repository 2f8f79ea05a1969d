import type * as tf from '@tensorflow/tfjs'
import { type CifarCnnOptions, cifarCnn } from './cifarCnn.ts'
import { type EfficientNetB0Options, efficientNetB0 } from './efficientNetB0.ts'
import { type MobileNetV2Options, mobileNetV2 } from './mobileNetV2.ts'
import { type ResNet8Options, type ResNet18Options, resnet8, resnet18 } from './resnet.ts'
import { type VggOptions, vgg } from './vgg.ts'

export type { Finding, FindingCode } from './checks/findings.ts'
export { type FindLearningRateOptions, findLearningRate, type LearningRates } from './checks/findLearningRate.ts'
export { type OverfitOptions, type OverfitResult, overfitOneBatch } from './checks/overfitOneBatch.ts'
export type { CifarCnnOptions } from './cifarCnn.ts'
export type { EfficientNetB0Options } from './efficientNetB0.ts'
export { freeze, type UnfreezeOptions, unfreeze } from './freeze.ts'
export type { MobileNetV2Options } from './mobileNetV2.ts'
export type { NetworkOptions } from './options.ts'
export { loadPretrained, type Pretrained, type PretrainedOptions } from './pretrained/loadPretrained.ts'
export type { ResNet8Options, ResNet18Options } from './resnet.ts'
export type { VggOptions } from './vgg.ts'

/**
 * Ready networks: pixels of 0 to 1, or as the network's weights want them, to one probability per class. Each is a TensorFlow.js model to
 * change at will. All throw AgentError `E_OPTION` for a wrong option.
 */
export const models: {
  /** The notebook's small network: two convolutions with pooling, one dense layer. */
  cifarCnn(options: CifarCnnOptions): tf.Sequential
  /** VGG-style: blocks of 3 × 3 convolutions (Simonyan & Zisserman 2015). */
  vgg(options: VggOptions): tf.Sequential
  /** Three residual blocks, for small images (He et al. 2015). */
  resnet8(options: ResNet8Options): tf.LayersModel
  /** Eight residual blocks, as torchvision has them, or with a stem for small images (He et al. 2015). */
  resnet18(options: ResNet18Options): tf.LayersModel
  /** Inverted residuals with depthwise convolutions, of any width (Sandler et al. 2018). */
  mobileNetV2(options: MobileNetV2Options): tf.LayersModel
  /** MobileNetV2's blocks with gates, larger kernels and swish (Tan & Le 2019). */
  efficientNetB0(options: EfficientNetB0Options): tf.LayersModel
} = { cifarCnn, vgg, resnet8, resnet18, mobileNetV2, efficientNetB0 }
