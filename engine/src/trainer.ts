import type * as tf from '@tensorflow/tfjs'
import { openClient } from './client.ts'
import { readNormalisation, requireInteger, shareSet } from './data.ts'
import { EngineError } from './errors.ts'
import { createFit } from './fit.ts'
import { forwardGraph } from './forward.ts'
import { lossRule } from './losses/index.ts'
import { currentWeights, parameterLayers, topologyOf } from './model/source.ts'
import { seededWeights, toTensors, withTensors } from './model/weights.ts'
import { askedBackend, type Opened, openModel, readIfSupported } from './open.ts'
import { updateRule } from './optimizers/index.ts'
import { flatWeights, weightLayers } from './tensorflow/spec.ts'
import type { CompileOptions, Loss, ModelParameter, Trainer } from './types.ts'

/** Largest seed and most threads accepted. */
const MAX_SEED = 2 ** 32 - 1
const MAX_THREADS = 256

/**
 * Prepares a TensorFlow.js model, Sequential or functional, for training in a worker thread. The model itself is only read: its structure, and its
 * weights with `initialWeights: 'model'`. Throws `E_UNSUPPORTED` for what the engine cannot train.
 */
export async function createTrainer(model: tf.LayersModel, options: CompileOptions): Promise<Trainer> {
  const { optimizer, loss, seed, threads = 1, backend = askedBackend() } = options
  const rule = lossRule(loss)
  requireInteger('seed', seed, 0, MAX_SEED)
  requireInteger('threads', threads, 1, MAX_THREADS)
  updateRule(optimizer)
  // Building the graph once here finds on the caller's thread what the engine cannot train.
  const opened = await openModel(topologyOf(model), backend, (spec) => {
    forwardGraph(spec, readNormalisation(options.normalisation, spec), 1, rule.activation)
  })
  const { spec, engine, notice } = opened
  const normalisation = readNormalisation(options.normalisation, spec)
  const weights = firstWeights(opened, model, options)
  const training = { loss, optimizer, seed }
  const { backend: runs, device } = opened
  const setup = { backend: runs, device, topology: spec.topology, weights, normalisation, threads, training }
  const client = openClient(setup)
  return {
    fit: createFit(client, spec, rule),
    async evaluate(data) {
      return client.call({ type: 'evaluate', data: shareSet(data, spec, rule, 'data') })
    },
    weights: async () => toTensors(spec, await client.call({ type: 'weights' })),
    topology: spec.topology,
    parameterCount: spec.parameterCount,
    engine: `${engine}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    notice,
    close: () => client.close(),
  }
}

/** TensorFlow.js draws its own first weights, so a model that it runs keeps those that it has, but for what is given. */
function firstWeights(
  { spec, backend }: Opened,
  model: tf.LayersModel,
  { seed, initialWeights = 'seeded' }: CompileOptions,
): Float32Array {
  const given = typeof initialWeights === 'string' ? [] : initialWeights
  if (backend === 'tensorflow') return withTensors(spec, flatWeights(model, spec), given)
  if (initialWeights === 'model') return currentWeights(spec, model)
  return withTensors(spec, seededWeights(spec, seed), given)
}

/**
 * Whether a model ends as a loss needs it. Throws `E_INPUT` for the wrong number of outputs, `E_UNSUPPORTED` for a last activation
 * that the loss cannot be computed from. Says nothing of a model that the engine cannot read.
 */
export function requireOutput(model: tf.LayersModel, loss: Loss, classCount: number): void {
  const rule = lossRule(loss)
  const spec = readIfSupported(topologyOf(model))
  if (spec === null) return
  const expected = rule.expects(spec.outputShape, classCount)
  if (expected !== null) throw new EngineError('E_INPUT', 'model', expected, `${spec.outputShape} outputs`)
  forwardGraph(spec, readNormalisation(undefined, spec), 1, rule.activation)
}

/**
 * The parameters of a model in its order, for whoever brings weights to it. Throws as `createTrainer` does for what cannot be read.
 */
export async function parametersOf(model: tf.LayersModel): Promise<ModelParameter[]> {
  const { spec, backend } = await openModel(topologyOf(model), askedBackend(), () => undefined)
  const layers = backend === 'tensorflow' ? weightLayers(model) : parameterLayers(model)
  return spec.parameters.map(({ name, shape }, i) => ({ name, layer: layers[i] ?? name, shape }))
}
