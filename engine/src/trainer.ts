import type * as tf from '@tensorflow/tfjs'
import { openClient } from './client.ts'
import { readNormalisation, requireInteger, shareSet } from './data.ts'
import { EngineError } from './errors.ts'
import { createFit } from './fit.ts'
import { forwardGraph } from './forward.ts'
import { readModel, seededWeights } from './model.ts'
import { updateRule } from './optimizers/index.ts'
import type { CompileOptions, Trainer } from './types.ts'
import { currentWeights, toTensors } from './weights.ts'

/** Largest seed and most threads accepted. */
const MAX_SEED = 2 ** 32 - 1
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
    fit: createFit(client, spec),
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
