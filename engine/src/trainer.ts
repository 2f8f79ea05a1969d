import type * as tf from '@tensorflow/tfjs'
import { type Client, openClient } from './client.ts'
import { readNormalisation, requireInteger, shareSet } from './data.ts'
import { EngineError } from './errors.ts'
import { forwardGraph } from './forward.ts'
import { type ModelSpec, readModel, seededWeights } from './model.ts'
import { updateRule } from './optimizers/index.ts'
import type { CompileOptions, Epoch, FitOptions, ImageSet, Trainer } from './types.ts'
import { currentWeights, toTensors } from './weights.ts'

/** Largest seed and batch size, and most threads, accepted. */
const MAX_SEED = 2 ** 32 - 1
const MAX_BATCH_SIZE = 65_536
const MAX_THREADS = 256

/**
 * Prepares a TensorFlow.js Sequential model for training in a worker thread. The model itself is only read: its structure, and its
 * weights with `initialWeights: 'model'`. Throws `E_UNSUPPORTED` for what the engine cannot train.
 */
export async function createTrainer(model: tf.LayersModel, options: CompileOptions): Promise<Trainer> {
  const topology: unknown = model.toJSON(null, false)
  const spec = readModel(topology)
  const { optimizer, seed, threads = 1, initialWeights = 'seeded' } = options
  if (options.loss !== 'categoricalCrossentropy')
    throw new EngineError('E_UNSUPPORTED', 'loss', 'categoricalCrossentropy', `${options.loss}`)
  requireInteger('seed', seed, 0, MAX_SEED)
  requireInteger('threads', threads, 1, MAX_THREADS)
  updateRule(optimizer)
  const normalisation = readNormalisation(options.normalisation, spec)
  // Building the graph once here finds on the caller's thread what the engine cannot train.
  forwardGraph(spec, normalisation, 1)
  const weights = initialWeights === 'model' ? currentWeights(spec, model) : seededWeights(spec, seed)
  const client = openClient({ topology: spec.topology, weights, normalisation, threads, training: { optimizer, seed } })
  return {
    fit: fitter(client, spec),
    async evaluate(data) {
      return client.call({ type: 'evaluate', data: shareSet(data, spec, 'data') })
    },
    weights: async () => toTensors(spec, await client.call({ type: 'weights' })),
    topology: spec.topology,
    parameterCount: spec.parameterCount,
    engine: `onnxruntime cpu, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    close: () => client.close(),
  }
}

/** `fit` of one trainer: a second call trains on from where the first ended. */
function fitter(client: Client, spec: ModelSpec): Trainer['fit'] {
  let epochsDone = 0
  return async function* fit(data: ImageSet, options: FitOptions) {
    const { epochs, batchSize, signal, onStep } = options
    requireInteger('epochs', epochs, 1, Number.MAX_SAFE_INTEGER)
    requireInteger('batchSize', batchSize, 1, Math.min(MAX_BATCH_SIZE, data.labels.length))
    const shared = shareSet(data, spec, 'data')
    const validation = options.validation ? shareSet(options.validation, spec, 'validation') : null
    const stepsPerEpoch = Math.ceil(data.labels.length / batchSize)
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const stepsLeft = (epochs - epoch + 1) * stepsPerEpoch
      const request = { type: 'epoch', data: shared, validation, batchSize, epochsDone, epoch, stepsLeft } as const
      const result = await client.call(request, { signal, onStep })
      epochsDone++
      const samplesPerSecond = data.labels.length / result.seconds
      const { step, loss, accuracy, seconds } = result
      const done: Epoch = { epoch, epochs, step, loss, accuracy, seconds, samplesPerSecond }
      if (result.validation === null) yield done
      else yield { ...done, validationLoss: result.validation.loss, validationAccuracy: result.validation.accuracy }
    }
  }
}
