import * as tf from '@tensorflow/tfjs'
import { someNumbers } from './numbers.ts'

/** The same weights in every run: TensorFlow.js draws without a seed, and a network may be born dead. */
export function settled<M extends tf.layers.Layer>(model: M): M {
  const inner: unknown = Reflect.get(model, 'layers')
  if (Array.isArray(inner)) inner.forEach(settled)
  else model.setWeights(model.getWeights().map((tensor, i) => tf.tensor(settledNumbers(tensor, i), tensor.shape)))
  return model
}

/** Kernels within ±0.3; what starts as zeros or ones stays. */
function settledNumbers(tensor: tf.Tensor, seed: number): Float32Array {
  const now = tensor.dataSync()
  const isConstant = now.every((value) => value === 0) || now.every((value) => value === 1)
  return Float32Array.from(isConstant ? now : someNumbers(tensor.size, seed).map((x) => 0.3 * x))
}
