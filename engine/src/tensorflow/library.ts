import * as plain from '@tensorflow/tfjs'
import { silenceBanner } from '../quiet.ts'

export type Library = typeof plain

/** Packages that bring a faster backend, fastest first; neither is installed with this one. */
const FASTER = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const

/** Loads the fastest TensorFlow.js that is installed and works here. */
export async function loadTensorFlow(): Promise<{ tf: Library; name: string }> {
  for (const name of FASTER) {
    try {
      const loaded: { readonly default: Library } = await import(name)
      await loaded.default.ready()
      return { tf: loaded.default, name: `tensorflow.js ${name.slice('@tensorflow/tfjs-'.length)}` }
    } catch {
      // Not installed, or built for another version of Node: the next one will do.
    }
  }
  await plain.ready()
  silenceBanner()
  return { tf: plain, name: `tensorflow.js ${plain.getBackend()}` }
}
