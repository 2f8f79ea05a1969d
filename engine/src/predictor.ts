import { openClient } from './client.ts'
import { readNormalisation, requireImages, requireInteger, shareBytes } from './data.ts'
import { endsIn, type ForwardGraph, forwardGraph } from './forward.ts'
import { sizeOf } from './ir/graph.ts'
import type { ModelSpec } from './model/spec.ts'
import { fromTensors } from './model/weights.ts'
import { askedBackend, openModel } from './open.ts'
import type { Predictor, SavedModel } from './types.ts'

/** Most images in one call of `predict`. */
const MAX_IMAGES = 2 ** 24

/** Loads a trained model for prediction in a worker thread. Throws `E_MODEL` when topology and weights do not fit. */
export async function createPredictor(saved: SavedModel): Promise<Predictor> {
  let isBinary = false
  const { spec, backend, device } = await openModel(saved.topology, askedBackend(), (read) => {
    isBinary = isOneSigmoid(read, forwardGraph(read, readNormalisation(saved.normalisation, read), 1))
  })
  const weights = fromTensors(spec, saved.weights)
  const normalisation = readNormalisation(saved.normalisation, spec)
  const client = openClient({
    backend,
    device,
    topology: spec.topology,
    weights,
    normalisation,
    threads: 1,
    training: null,
  })
  return {
    async predict(images, count) {
      requireInteger('count', count, 1, MAX_IMAGES)
      requireImages(images, count, spec, 'images')
      const outputs = await client.call({ type: 'predict', images: shareBytes(images), count })
      return isBinary ? bothClasses(outputs) : outputs
    },
    inputShape: spec.inputShape,
    classCount: isBinary ? 2 : sizeOf(spec.outputShape),
    close: () => client.close(),
  }
}

/** A model of two classes with one output: the probability of class 1. */
const isOneSigmoid = (spec: ModelSpec, { graph, output }: ForwardGraph): boolean =>
  sizeOf(spec.outputShape) === 1 && endsIn(graph, output, 'sigmoid')

const bothClasses = (outputs: Float32Array): Float32Array =>
  Float32Array.from({ length: 2 * outputs.length }, (_, i) => {
    const probability = outputs[i >> 1] ?? Number.NaN
    return i % 2 === 0 ? 1 - probability : probability
  })
