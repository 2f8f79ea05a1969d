import * as tf from '@tensorflow/tfjs'

/**
 * Keeps TensorFlow.js from printing, at the first tensor made in Node, a banner that recommends another backend. Models are only built
 * with it here, so that backend would not help, and it does not install on closed networks. Nothing else of it is changed.
 */
export function silenceBanner(): void {
  const backend: object | null = tf.backend()
  if (backend !== null && 'firstUse' in backend) backend.firstUse = false
}
