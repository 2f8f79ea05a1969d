import { type Choice, chooseBackend, type Device } from './choose.ts'
import { EngineError } from './errors.ts'
import { readModel } from './model/read.ts'
import type { ModelSpec } from './model/spec.ts'
import { nativeProblem } from './native/addon.ts'
import type { BackendOption } from './types.ts'

/** A model as it will be run, and by what. */
export interface Opened extends Choice {
  readonly spec: ModelSpec
  /** "onednn cpu", "onnxruntime cpu" and the like. */
  readonly engine: string
}

const NAMES: Readonly<Record<Device, string>> = {
  native: 'onednn cpu',
  cpu: 'onnxruntime cpu',
  cuda: 'onnxruntime cuda',
}

/** What a model that the engine can run is run by, unless a trial asks for something else. Throws like `askedBackend`. */
export const usualEngine = (): string => (askedBackend() === 'tensorflow' ? 'tensorflow.js' : NAMES[usualDevice()])

/** The device of that. */
export function usualDevice(): Device {
  const asked = askedBackend()
  return chooseBackend(asked, null, missingNative(asked)).device
}

/**
 * Reads a model for the engine, or for TensorFlow.js where the engine cannot run it. `check` throws what else the engine cannot do with it.
 */
export async function openModel(
  topology: unknown,
  asked: BackendOption,
  check: (spec: ModelSpec) => void,
): Promise<Opened> {
  const { spec, problem } = tryEngine(topology, check)
  const choice = chooseBackend(asked, problem, missingNative(asked))
  if (choice.backend === 'engine' && spec !== null) return { ...choice, spec, engine: NAMES[choice.device] }
  const { describeModel } = await import('./tensorflow/executor.ts')
  return { ...choice, ...(await describeModel(topology)) }
}

function tryEngine(
  topology: unknown,
  check: (spec: ModelSpec) => void,
): { spec: ModelSpec | null; problem: EngineError | null } {
  try {
    const spec = readModel(topology)
    check(spec)
    return { spec, problem: null }
  } catch (error) {
    if (error instanceof EngineError) return { spec: null, problem: error }
    throw error
  }
}

/** A model as the engine reads it, or null for one that only TensorFlow.js can run. */
export const readIfSupported = (topology: unknown): ModelSpec | null => {
  const { spec, problem } = tryEngine(topology, () => undefined)
  if (problem !== null && problem.code !== 'E_UNSUPPORTED') throw problem
  return spec
}

/** Why the native engine is not there. `PAWPRINT_NATIVE=off` has the engine do without it unless it is asked for by name. */
const missingNative = (asked: BackendOption): string | null =>
  asked === 'auto' && process.env.PAWPRINT_NATIVE === 'off' ? 'PAWPRINT_NATIVE=off' : nativeProblem()

const BACKENDS: readonly BackendOption[] = ['auto', 'native', 'onnx', 'cuda', 'tensorflow']

/** What the environment asks for: `PAWPRINT_ENGINE` is `native`, `onnx`, `cuda`, `tensorflow` or unset. Throws `E_INPUT` for anything else. */
export function askedBackend(environment: Readonly<Record<string, string | undefined>> = process.env): BackendOption {
  const asked = environment.PAWPRINT_ENGINE ?? 'auto'
  const backend = BACKENDS.find((name) => name === asked)
  if (backend === undefined)
    throw new EngineError('E_INPUT', 'PAWPRINT_ENGINE', 'auto, native, onnx, cuda or tensorflow', asked)
  return backend
}
