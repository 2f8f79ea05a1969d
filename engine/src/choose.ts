import { EngineError } from './errors.ts'
import type { BackendOption } from './types.ts'

/** What trains or runs a model: the engine, or plain TensorFlow.js. */
export type Backend = 'engine' | 'tensorflow'

/** What the engine computes with: its own kernels and oneDNN (`native`), or ONNX Runtime on the processor or on an NVIDIA GPU. */
export type Device = 'native' | 'cpu' | 'cuda'

/** What a model is run by, and why it is not the engine. */
export interface Choice {
  readonly backend: Backend
  readonly device: Device
  /** One line for people; null when there is nothing to say. */
  readonly notice: string | null
}

const DEVICES: Readonly<Record<Exclude<BackendOption, 'auto' | 'tensorflow'>, Device>> = {
  native: 'native',
  onnx: 'cpu',
  cuda: 'cuda',
}

/**
 * Chooses by what is asked for (`auto`: the engine where it can run the model, native where that is built), by what the engine cannot do with
 * the model, if anything, and by why the native engine is not there, if it is not. Throws where only what is missing will do.
 */
export function chooseBackend(asked: BackendOption, problem: EngineError | null, missing: string | null): Choice {
  const isEngine = asked !== 'auto' && asked !== 'tensorflow'
  if (problem !== null && (isEngine || problem.code !== 'E_UNSUPPORTED')) throw problem
  if (problem !== null) {
    const reason = `the engine has no ${problem.got} at ${problem.at}`
    return plainTensorFlow(`since ${reason}`)
  }
  if (asked === 'tensorflow') return plainTensorFlow('as asked')
  if (asked === 'native' && missing !== null)
    throw new EngineError('E_INPUT', 'native', 'the native engine, which `npm run build:native` builds', missing)
  const device = asked !== 'auto' ? DEVICES[asked] : missing === null ? 'native' : 'cpu'
  return { backend: 'engine', device, notice: null }
}

const plainTensorFlow = (reason: string): Choice => ({
  backend: 'tensorflow',
  device: 'cpu',
  notice: `Plain TensorFlow.js runs this model, ${reason}. ${SLOWER}`,
})

/** Measured with the benchmark's case A on one core; see ENGINE.md. */
const SLOWER = 'Its cpu backend takes hundreds of times as long; @tensorflow/tfjs-node, where it is installed, less.'
