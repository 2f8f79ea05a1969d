import { type Choice, chooseBackend } from './choose.ts'
import { EngineError } from './errors.ts'
import { readModel } from './model/read.ts'
import type { ModelSpec } from './model/spec.ts'
import type { BackendOption } from './types.ts'

/** A model as it will be run, and by what. */
export interface Opened extends Choice {
  readonly spec: ModelSpec
  /** "onnxruntime cpu" and the like. */
  readonly engine: string
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
  const choice = chooseBackend(asked, problem)
  if (choice.backend === 'onnx' && spec !== null) return { ...choice, spec, engine: `onnxruntime ${choice.device}` }
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

/** What the environment asks for: `PAWPRINT_ENGINE` is `onnx`, `cuda`, `tensorflow` or unset. Throws `E_INPUT` for anything else. */
export function askedBackend(environment: Readonly<Record<string, string | undefined>> = process.env): BackendOption {
  const asked = environment.PAWPRINT_ENGINE ?? 'auto'
  if (asked === 'auto' || asked === 'onnx' || asked === 'cuda' || asked === 'tensorflow') return asked
  throw new EngineError('E_INPUT', 'PAWPRINT_ENGINE', 'auto, onnx, cuda or tensorflow', asked)
}
