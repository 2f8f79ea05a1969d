import type * as tf from '@tensorflow/tfjs'
import { EngineError } from '../errors.ts'
import { BATCH, type Evaluator, type EvaluatorOptions } from '../evaluator.ts'
import type { Executor } from '../executor.ts'
import { concatFloats } from '../floats.ts'
import { sizeOf } from '../ir/graph.ts'
import type { FinalActivation } from '../losses/rule.ts'
import { type ModelSpec, sampleSize } from '../model/spec.ts'
import type { Normalisation } from '../types.ts'
import { type Library, loadTensorFlow } from './library.ts'
import { EPSILON } from './loss.ts'
import { specOf } from './spec.ts'
import { openTensorFlowStepper } from './stepper.ts'

/** A model under TensorFlow.js. */
export interface Loaded {
  readonly tf: Library
  readonly source: tf.LayersModel
  readonly spec: ModelSpec
}

/** Loads a model that the engine does not know every layer of. Slow, but of the same interface. */
export async function openTensorFlow(topology: unknown): Promise<Executor> {
  const { tf: library } = await loadTensorFlow()
  const source = await loadModel(library, topology)
  const loaded: Loaded = { tf: library, source, spec: specOf(source, topology) }
  return {
    model: loaded.spec,
    openStepper: (options) => openTensorFlowStepper(loaded, options),
    openEvaluator: async (options) => openTensorFlowEvaluator(loaded, options),
  }
}

/** What the caller's thread must know of a model; the worker loads it again. */
export async function describeModel(topology: unknown): Promise<{ spec: ModelSpec; engine: string }> {
  const { tf: library, name } = await loadTensorFlow()
  const source = await loadModel(library, topology)
  try {
    return { spec: specOf(source, topology), engine: name }
  } finally {
    source.dispose()
  }
}

async function loadModel(library: Library, topology: unknown): Promise<tf.LayersModel> {
  try {
    return await library.loadLayersModel({ load: async () => ({ modelTopology: Object(topology) }) })
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('E_UNSUPPORTED', 'model', 'layers that TensorFlow.js itself has', message, { cause })
  }
}

/** Replaces all weights that change. */
export function setWeights({ tf: library, source, spec }: Loaded, flat: Float32Array): void {
  library.tidy(() => {
    for (const [i, { shape, start }] of spec.parameters.entries())
      source.weights[i]?.write(library.tensor(flat.subarray(start, start + sizeOf(shape)), [...shape]))
  })
}

/** Bytes as the model sees them, one tensor per input. */
export function inputsOf(
  { tf: library, spec }: Loaded,
  images: Uint8Array,
  { scale, mean, std }: Normalisation,
): tf.Tensor[] {
  const count = images.length / sampleSize(spec)
  const x = library
    .tensor(Float32Array.from(images), [count, spec.inputCount, ...spec.inputShape])
    .mul(scale)
    .sub(library.tensor1d([...mean]))
    .div(library.tensor1d([...std]))
  return library.unstack(x, 1)
}

/** The model's output for a batch. */
export function outputOf({ tf: library, source }: Loaded, inputs: tf.Tensor[], training: boolean): tf.Tensor {
  const [only] = inputs
  const output = source.apply(inputs.length === 1 && only !== undefined ? only : inputs, { training })
  if (output instanceof library.Tensor) return output
  throw new Error('one output')
}

function openTensorFlowEvaluator(loaded: Loaded, { normalisation, activation }: EvaluatorOptions): Evaluator {
  const { tf: library, spec } = loaded
  const size = sampleSize(spec)
  return {
    async run(images, count, weights, isStopped = () => false) {
      setWeights(loaded, weights)
      const parts: Float32Array[] = []
      for (let start = 0; start < count && !isStopped(); start += BATCH) {
        const given = images.subarray(start * size, Math.min(count, start + BATCH) * size)
        const output = library.tidy(() => outputOf(loaded, inputsOf(loaded, given, normalisation), false).dataSync())
        parts.push(Float32Array.from(output))
      }
      const outputs = concatFloats(parts)
      return { outputs, logits: outputs.map((value) => logitOf(activation, value)) }
    },
    close: async () => undefined,
  }
}

/** Something that `activation` turns into the output: the logarithm does for a softmax, whatever constant is added. */
function logitOf(activation: FinalActivation | null, output: number): number {
  if (activation === null) return output
  const p = Math.min(1 - EPSILON, Math.max(EPSILON, output))
  return activation === 'softmax' ? Math.log(p) : Math.log(p / (1 - p))
}
