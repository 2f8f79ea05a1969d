import { forwardGraph } from './forward.ts'
import { sizeOf, type Value } from './ir/graph.ts'
import type { ModelSpec } from './model.ts'
import { compile, type Feed } from './onnx/compile.ts'
import type { Normalisation } from './types.ts'

/**
 * Images per run. Every run has exactly this many, padded with zeros, so that one image's probabilities do not depend on how many
 * others are in the call: with other sizes the runtime may add up in another order.
 */
const BATCH = 16

/** Predicts with the forward graph. */
export interface Evaluator {
  /** Logits and probabilities, `[count, classCount]`. `isStopped` is asked between batches. */
  run(images: Uint8Array, count: number, weights: Float32Array, isStopped?: () => boolean): Promise<Outputs>
  close(): Promise<void>
}

export interface Outputs {
  readonly logits: Float32Array
  readonly probabilities: Float32Array
}

export async function openEvaluator(
  model: ModelSpec,
  normalisation: Normalisation,
  threads: number,
): Promise<Evaluator> {
  const forward = forwardGraph(model, normalisation, BATCH)
  const compiled = await compile(forward.graph.nodes, [forward.logits, forward.probabilities], threads)
  const imageSize = sizeOf(model.inputShape)
  const { classCount } = model
  return {
    async run(images, count, weights, isStopped = () => false) {
      const logits = new Float32Array(count * classCount)
      const probabilities = new Float32Array(count * classCount)
      for (let start = 0; start < count && !isStopped(); start += BATCH) {
        const size = Math.min(BATCH, count - start)
        const given = images.subarray(start * imageSize, (start + size) * imageSize)
        const feeds = new Map<Value, Feed>([
          [forward.images, padded(given, BATCH * imageSize)],
          [forward.weights, weights],
        ])
        const [batchLogits, batchProbabilities] = await compiled.run(feeds)
        logits.set(batchLogits?.subarray(0, size * classCount) ?? [], start * classCount)
        probabilities.set(batchProbabilities?.subarray(0, size * classCount) ?? [], start * classCount)
      }
      return { logits, probabilities }
    },
    close: () => compiled.close(),
  }
}

/** Mean cross-entropy and accuracy; the first of tied classes counts as the prediction. */
export function score(
  logits: Float32Array,
  labels: Int32Array,
  classCount: number,
): { loss: number; accuracy: number } {
  let loss = 0
  let correct = 0
  labels.forEach((label, i) => {
    const row = logits.subarray(i * classCount, (i + 1) * classCount)
    const max = row.reduce((best, value) => Math.max(best, value), Number.NEGATIVE_INFINITY)
    const norm = max + Math.log(row.reduce((total, value) => total + Math.exp(value - max), 0))
    loss += norm - (row[label] ?? Number.NaN)
    if (row.indexOf(max) === label) correct++
  })
  return { loss: loss / labels.length, accuracy: correct / labels.length }
}

/** A copy outside shared memory, which the runtime does not take, with zeros at the end. */
function padded(data: Uint8Array, size: number): Uint8Array {
  const all = new Uint8Array(size)
  all.set(data)
  return all
}
