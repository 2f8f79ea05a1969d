import { createPredictor, type Predictor } from '@pawprint/engine'
import { type CurrentModel, readSafetensors } from '@pawprint/protocol'
import { DemoError } from './error.ts'

/** How far the probabilities of one picture may add up from 1: float32 sums of a thousand classes stay well inside. */
const SUM_TOLERANCE = 1e-3

/** A picture with every byte value in it, so that a weight that is not finite shows. */
const canaryPicture = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => (i * 37) % 256)

function checkFit({ model }: CurrentModel, predictor: Predictor): void {
  const { width, height, channels } = model.preprocessing
  const expected = [height, width, channels === 'rgb' ? 3 : 1].join(' × ')
  const got = predictor.inputShape.join(' × ')
  if (got !== expected) throw new DemoError('E_MODEL', 'first layer', `${expected}, as preprocessing says`, got)
  if (predictor.classCount !== model.classNames.length)
    throw new DemoError('E_MODEL', 'last layer', `${model.classNames.length} classes`, `${predictor.classCount}`)
}

/** Throws DemoError E_CANARY unless the numbers are one distribution over the classes. */
export function checkDistribution(probabilities: Float32Array, classCount: number): void {
  if (probabilities.length !== classCount)
    throw new DemoError('E_CANARY', 'probabilities', `${classCount} numbers`, `${probabilities.length}`)
  let sum = 0
  for (const [i, p] of probabilities.entries()) {
    if (!(p >= 0 && p <= 1)) throw new DemoError('E_CANARY', `probabilities[${i}]`, 'a number from 0 to 1', `${p}`)
    sum += p
  }
  if (Math.abs(sum - 1) > SUM_TOLERANCE) throw new DemoError('E_CANARY', 'sum of probabilities', '1', `${sum}`)
}

/**
 * A predictor for verified weights: parsed, fitted to the topology, warmed up, and tried on one picture. Throws
 * ProtocolError for bytes that are no safetensors, DemoError E_MODEL or E_CANARY, or the engine's own error.
 */
export async function loadModel(current: CurrentModel, bytes: Uint8Array): Promise<Predictor> {
  const { scale, mean, std } = current.model.preprocessing
  const predictor = await createPredictor({
    topology: current.topology,
    weights: readSafetensors(bytes),
    normalisation: { scale, mean, std },
  })
  try {
    checkFit(current, predictor)
    const [height, width, channels] = predictor.inputShape
    // The first run also pays for the engine's set-up, so the first visitor does not.
    checkDistribution(await predictor.predict(canaryPicture(height * width * channels), 1), predictor.classCount)
    return predictor
  } catch (error) {
    await predictor.close()
    throw error
  }
}
