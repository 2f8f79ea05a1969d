import { forwardGraph } from './forward.ts'
import type { Value } from './ir/graph.ts'
import type { FinalActivation } from './losses/rule.ts'
import { type ModelSpec, sampleSize } from './model/spec.ts'
import { compile, type Feed, type RuntimeOptions } from './runtime.ts'
import type { Normalisation } from './types.ts'

/**
 * Samples per run. Every run has exactly this many, padded with zeros, so that one image's outputs do not depend on how many others
 * are in the call: with other sizes the runtime may add up in another order.
 */
export const BATCH = 16

/** Predicts with the forward graph. */
export interface Evaluator {
  /** Outputs and logits, `[count, outputs]`. `isStopped` is asked between batches. */
  run(images: Uint8Array, count: number, weights: Float32Array, isStopped?: () => boolean): Promise<Outputs>
  close(): Promise<void>
}

export interface Outputs {
  readonly outputs: Float32Array
  /** What `activation` was applied to; the outputs where there is none. */
  readonly logits: Float32Array
}

export interface EvaluatorOptions extends RuntimeOptions {
  readonly normalisation: Normalisation
  readonly activation: FinalActivation | null
}

export async function openEvaluator(
  model: ModelSpec,
  { normalisation, activation, threads, device }: EvaluatorOptions,
): Promise<Evaluator> {
  const forward = forwardGraph(model, normalisation, BATCH, activation)
  const compiled = await compile(forward.graph.nodes, [forward.logits, forward.output], { threads, device })
  const imageSize = sampleSize(model)
  const [width = 0] = model.outputShape
  return {
    async run(images, count, weights, isStopped = () => false) {
      const [logits, outputs] = [new Float32Array(count * width), new Float32Array(count * width)]
      for (let start = 0; start < count && !isStopped(); start += BATCH) {
        const size = Math.min(BATCH, count - start)
        const given = images.subarray(start * imageSize, (start + size) * imageSize)
        const feeds = new Map<Value, Feed>([
          [forward.images, padded(given, BATCH * imageSize)],
          [forward.weights, weights],
        ])
        const [batchLogits, batchOutputs] = await compiled.run(feeds)
        logits.set(batchLogits?.subarray(0, size * width) ?? [], start * width)
        outputs.set(batchOutputs?.subarray(0, size * width) ?? [], start * width)
      }
      return { logits, outputs }
    },
    close: () => compiled.close(),
  }
}

/** A copy outside shared memory, which the runtime does not take, with zeros at the end. */
function padded(data: Uint8Array, size: number): Uint8Array {
  const all = new Uint8Array(size)
  all.set(data)
  return all
}
