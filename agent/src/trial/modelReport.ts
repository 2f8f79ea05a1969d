import { createHash } from 'node:crypto'
import type { Epoch, Evaluation, ImageSet, Normalisation, Trainer, WeightTensor } from '@pawprint/engine'
import {
  MAX_FRAME_BYTES,
  type Metrics,
  type ModelReport,
  type Preprocessing,
  parse,
  Sha1,
  writeSafetensors,
} from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { confusionOf } from '../metrics/confusion.ts'
import { checkPredictions, type Predictions } from '../metrics/predictions.ts'
import type { Task } from '../types.ts'
import type { Upload } from '../wire/upload.ts'
import { type Evaluated, evaluationOf, fitted } from './evaluation.ts'
import { fingerprintOf } from './fingerprint.ts'
import { latencyOf } from './latency.ts'

/** A finished training: what `train` returned and where it came from. */
export interface Finished {
  readonly trainer: Pick<Trainer, 'topology' | 'parameterCount' | 'engine' | 'evaluate'>
  readonly weights: readonly WeightTensor[]
  /** How pixels reached the network; undefined for `value / 255`. */
  readonly normalisation: Normalisation | undefined
  readonly evaluation: Evaluation
  readonly testSet: ImageSet
  readonly lastEpoch: Epoch | undefined
  readonly trainSeconds: number
  readonly trainedSamples: number
}

/** The canonical weights file and both its digests. */
export function weightsFile(weights: readonly WeightTensor[]): Upload {
  const bytes = writeSafetensors(weights)
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex')
  return { bytes, sha1: digest('sha1'), sha256: digest('sha256'), kind: 'weights' }
}

/** Accuracies are fractions, losses natural-log cross-entropies. What is not finite is left out: the wire knows no NaN. */
export function metricsOf({ evaluation, lastEpoch, trainSeconds, trainedSamples }: Finished): Metrics {
  return onlyFinite({
    testAccuracy: evaluation.accuracy,
    testLoss: evaluation.loss,
    validationAccuracy: lastEpoch?.validationAccuracy,
    validationLoss: lastEpoch?.validationLoss,
    trainAccuracy: lastEpoch?.accuracy,
    trainLoss: lastEpoch?.loss,
    trainSeconds,
    samplesPerSecond: trainSeconds > 0 ? trainedSamples / trainSeconds : undefined,
  })
}

function onlyFinite(all: Readonly<Record<string, number | undefined>>): Metrics {
  const metrics: Metrics = {}
  for (const [name, value] of Object.entries(all))
    if (value !== undefined && Number.isFinite(value)) metrics[name] = value
  return metrics
}

/** Data sets of this package say how their images were made; of any other, nothing is known to be cropped. */
type MadeSet = ImageSet & { readonly preprocessing?: { readonly input?: unknown } }

/**
 * How the images of a set were made: stretched to fill by sharp's lanczos3; whether they are only what somebody framed of a picture; and what
 * becomes of a pixel then, by default `value / 255`, as the engine does.
 */
export const preprocessingOf = (
  { width, height, channels, preprocessing }: MadeSet,
  normalisation?: Normalisation,
): Preprocessing => ({
  width,
  height,
  channels: channels === 1 ? 'grey' : 'rgb',
  fit: 'fill',
  kernel: 'lanczos3',
  scale: normalisation?.scale ?? 1 / 255,
  mean: [...(normalisation?.mean ?? new Array<number>(channels).fill(0))],
  std: [...(normalisation?.std ?? new Array<number>(channels).fill(1))],
  ...(preprocessing?.input === 'cropped' ? { input: 'cropped' } : {}),
})

/** Predictions that are no numbers, or not one for each class, have a confusion and nothing else. */
async function judge(predictions: Predictions): Promise<Evaluated> {
  try {
    return await evaluationOf(checkPredictions(predictions))
  } catch (error) {
    if (!(error instanceof AgentError)) throw error
    return { metrics: {}, evaluation: { confusion: confusionOf(predictions) } }
  }
}

/** What the store keeps beside the weights. Parts of the evaluation are left out where it would not fit a message. */
export async function modelReport(
  finished: Finished,
  task: Task,
  sha1: string,
  nowMs: () => number,
): Promise<ModelReport> {
  const { trainer, evaluation, testSet } = finished
  const { labels, classCount } = testSet
  const judged = await judge({ labels, classCount, probabilities: evaluation.probabilities })
  const latencyMs = await latencyOf(trainer, testSet, nowMs)
  return {
    sha1: parse(Sha1, sha1),
    metrics: { ...metricsOf(finished), ...judged.metrics, ...onlyFinite({ latencyMs }) },
    parameterCount: trainer.parameterCount,
    testSet: { fingerprint: fingerprintOf(testSet), count: labels.length },
    engine: trainer.engine,
    preprocessing: preprocessingOf(testSet, finished.normalisation),
    classNames: [...task.classNames],
    topology: trainer.topology,
    evaluation: fitted(judged.evaluation, MAX_FRAME_BYTES / 2),
  }
}
