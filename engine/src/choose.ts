import type { EngineError } from './errors.ts'
import type { BackendOption } from './types.ts'

/** What trains or runs a model: the engine on ONNX Runtime, or plain TensorFlow.js. */
export type Backend = 'onnx' | 'tensorflow'

/** Where ONNX Runtime computes: one of its execution providers. */
export type Device = 'cpu' | 'cuda'

/** What a model is run by, and why it is not the engine. */
export interface Choice {
  readonly backend: Backend
  readonly device: Device
  /** One line for people; null when there is nothing to say. */
  readonly notice: string | null
}

/**
 * Chooses by what is asked for (`auto`: the engine where it can; `cuda`: the engine, on an NVIDIA GPU) and by what the engine cannot do with the model, if anything. Throws that
 * error where only the engine will do.
 */
export function chooseBackend(asked: BackendOption, problem: EngineError | null): Choice {
  const isEngine = asked === 'onnx' || asked === 'cuda'
  if (problem !== null && (isEngine || problem.code !== 'E_UNSUPPORTED')) throw problem
  if (problem !== null) {
    const reason = `the engine has no ${problem.got} at ${problem.at}`
    return plainTensorFlow(`since ${reason}`)
  }
  if (asked === 'tensorflow') return plainTensorFlow('as asked')
  return { backend: 'onnx', device: asked === 'cuda' ? 'cuda' : 'cpu', notice: null }
}

const plainTensorFlow = (reason: string): Choice => ({
  backend: 'tensorflow',
  device: 'cpu',
  notice: `Plain TensorFlow.js runs this model, ${reason}. ${SLOWER}`,
})

/** Measured with the benchmark's case A on one core; see ENGINE.md. */
const SLOWER = 'Its cpu backend takes hundreds of times as long; @tensorflow/tfjs-node, where it is installed, less.'
