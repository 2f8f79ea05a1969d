import { openClient } from './client.ts'
import { readNormalisation, requireImages, requireInteger, shareBytes } from './data.ts'
import { forwardGraph } from './forward.ts'
import { readModel } from './model.ts'
import type { Predictor, SavedModel } from './types.ts'
import { fromTensors } from './weights.ts'

/** Most images in one call of `predict`. */
const MAX_IMAGES = 2 ** 24

/** Loads a trained model for prediction in a worker thread. Throws `E_MODEL` when topology and weights do not fit. */
export async function createPredictor(saved: SavedModel): Promise<Predictor> {
  const spec = readModel(saved.topology)
  const weights = fromTensors(spec, saved.weights)
  const normalisation = readNormalisation(saved.normalisation, spec)
  forwardGraph(spec, normalisation, 1)
  const client = openClient({ topology: spec.topology, weights, normalisation, threads: 1, training: null })
  return {
    async predict(images, count) {
      requireInteger('count', count, 1, MAX_IMAGES)
      requireImages(images, count, spec, 'images')
      return client.call({ type: 'predict', images: shareBytes(images), count })
    },
    inputShape: spec.inputShape,
    classCount: spec.classCount,
    close: () => client.close(),
  }
}
