import { createPredictor, type ImageSet, type SavedModel } from '@pawprint/engine'
import {
  type NetworkAnswer,
  type Preprocessing,
  parse,
  type ReevaluationReport,
  readSafetensors,
  Sha1,
} from '@pawprint/protocol'
import { accuracyOf } from '../metrics/accuracy.ts'
import { checkPredictions, valueOnce } from '../metrics/predictions.ts'
import { evaluationOf } from './evaluation.ts'
import { preprocessingOf } from './modelReport.ts'

export interface ReevaluateSettings {
  /** The images to measure on, and the classes that their labels count. */
  readonly testSet: ImageSet
  readonly classNames: readonly string[]
  readonly signal: AbortSignal
  /** All of the model but its weights, and these. Either rejects when the store has it not, or damaged. */
  readonly downloadNetwork: (sha1: string) => Promise<NetworkAnswer>
  readonly downloadWeights: (sha1: string) => Promise<Uint8Array>
}

/** Images that are predicted in one call: what a signal waits for, and what is copied at a time. */
const IMAGES_AT_A_TIME = 512
const MAX_FAILED_LENGTH = 1000

/**
 * Measures a model of the store on a test set: all that can be told from its predictions, so no loss. Says in `failed` why it cannot be
 * measured there. Rejects with the signal's reason only.
 */
export async function reevaluate(sha1: string, settings: ReevaluateSettings): Promise<ReevaluationReport> {
  const name = parse(Sha1, sha1)
  try {
    return { sha1: name, ...(await measureModel(name, settings)) }
  } catch (error) {
    settings.signal.throwIfAborted()
    const failed = (error instanceof Error ? error.message : String(error)).slice(0, MAX_FAILED_LENGTH)
    return { sha1: name, metrics: {}, failed }
  }
}

async function measureModel(
  sha1: Sha1,
  settings: ReevaluateSettings,
): Promise<Pick<ReevaluationReport, 'metrics' | 'intervals'>> {
  const { testSet, classNames, downloadNetwork, downloadWeights } = settings
  const network = await downloadNetwork(sha1)
  const misfit = misfitOf(network, preprocessingOf(testSet), classNames)
  if (misfit !== null) throw new Error(misfit)
  const weights = readSafetensors(await downloadWeights(sha1))
  const saved = { topology: network.topology, weights, normalisation: network.preprocessing }
  const { labels, classCount } = testSet
  const probabilities = await predictAll(saved, settings)
  const predictions = checkPredictions({ labels, classCount, probabilities })
  const { metrics, evaluation } = await evaluationOf(predictions)
  const testAccuracy = valueOnce(accuracyOf(predictions), labels.length)
  return { metrics: { testAccuracy, ...metrics }, ...(evaluation.intervals && { intervals: evaluation.intervals }) }
}

/** Why a model cannot be shown these images, in words for people; null when it can. */
export function misfitOf(
  { preprocessing: own, classNames: ownNames }: Pick<NetworkAnswer, 'preprocessing' | 'classNames'>,
  given: Preprocessing,
  classNames: readonly string[],
): string | null {
  const size = ({ width, height, channels }: Preprocessing): string => `${width} × ${height} (${channels})`
  const part = ({ input }: Preprocessing): string =>
    input === 'cropped' ? 'framed parts of pictures' : 'whole pictures'
  if (size(own) !== size(given)) return `it takes images of ${size(own)}, these are of ${size(given)}`
  if (own.input !== given.input) return `it knows ${part(own)}, these are ${part(given)}`
  if (own.fit !== given.fit || own.kernel !== given.kernel)
    return `its images are resized by ${own.fit} and ${own.kernel}, these by ${given.fit} and ${given.kernel}`
  const isSame = ownNames.length === classNames.length && ownNames.every((name, i) => name === classNames[i])
  return isSame ? null : 'it tells other classes apart'
}

async function predictAll(saved: SavedModel, { testSet, signal }: ReevaluateSettings): Promise<Float32Array> {
  const { images, labels, height, width, channels, classCount } = testSet
  const predictor = await createPredictor(saved)
  try {
    if (predictor.classCount !== classCount)
      throw new Error(
        `it gives ${predictor.classCount} numbers for a picture, not one for each of ${classCount} classes`,
      )
    const all = new Float32Array(labels.length * classCount)
    const size = height * width * channels
    for (let start = 0; start < labels.length; start += IMAGES_AT_A_TIME) {
      signal.throwIfAborted()
      const end = Math.min(labels.length, start + IMAGES_AT_A_TIME)
      all.set(await predictor.predict(images.subarray(start * size, end * size), end - start), start * classCount)
    }
    return all
  } finally {
    await predictor.close()
  }
}
