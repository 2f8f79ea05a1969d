import * as tf from '@tensorflow/tfjs'

/** Divides the last axis by its Euclidean length: embeddings of length 1. TensorFlow.js has no layer for it, and loads this one by name. */
class L2Normalize extends tf.layers.Layer {
  static readonly className = 'L2Normalize'

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return inputShape
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x] = Array.isArray(inputs) ? inputs : [inputs]
    if (x === undefined) throw new Error('one input')
    return tf.tidy(() => x.div(x.square().sum(-1, true).add(1e-12).sqrt()))
  }
}
tf.serialization.registerClass(L2Normalize)

/** A layer that divides the last axis by its Euclidean length, for embeddings. */
export const l2Normalize = (options: { readonly name?: string } = {}): tf.layers.Layer =>
  new L2Normalize({ ...options })
