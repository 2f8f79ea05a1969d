import type { EngineError } from './errors.ts'

/** What trains or runs a model: the engine on ONNX Runtime, or plain TensorFlow.js. */
export type Backend = 'onnx' | 'tensorflow'

/** What a model is run by, and why it is not the engine. */
export interface Choice {
  readonly backend: Backend
  /** One line for people; null when there is nothing to say. */
  readonly notice: string | null
}

/**
 * Chooses by what is asked for (`auto`: the engine where it can) and by what the engine cannot do with the model, if anything. Throws that
 * error where only the engine will do.
 */
export function chooseBackend(asked: 'auto' | Backend, problem: EngineError | null): Choice {
  if (problem !== null && (asked === 'onnx' || problem.code !== 'E_UNSUPPORTED')) throw problem
  if (problem !== null) {
    const reason = `the engine has no ${problem.got} at ${problem.at}`
    return { backend: 'tensorflow', notice: `Plain TensorFlow.js runs this model, since ${reason}. ${SLOWER}` }
  }
  if (asked === 'tensorflow')
    return { backend: asked, notice: `Plain TensorFlow.js runs this model, as asked. ${SLOWER}` }
  return { backend: 'onnx', notice: null }
}

/** Measured with the benchmark's case A on one core; see ENGINE.md. */
const SLOWER = 'Its cpu backend takes hundreds of times as long; @tensorflow/tfjs-node, where it is installed, less.'
