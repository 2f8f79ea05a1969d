import type { WeightTensor } from '@pawprint/engine'
import { readSafetensors } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import type { LogLevel } from '../types.ts'
import { type Assignment, titleOf } from './assignment.ts'

export interface StoredWeightsSettings {
  readonly assignment: Assignment
  readonly signal: AbortSignal
  /** The bytes of a model's weights file, with that SHA-1. */
  readonly downloadWeights: (sha1: string, onRetry: (reason: string) => void) => Promise<Uint8Array>
}

/** Weights of the store for a trial. Throws AgentError E_OPTION or E_STORE, and the signal's reason. */
export async function storedWeights(
  sha1: string,
  { assignment, signal, downloadWeights }: StoredWeightsSettings,
  log: (text: string, level: LogLevel) => void,
): Promise<readonly WeightTensor[]> {
  signal.throwIfAborted()
  if (!/^[0-9a-f]{40}$/.test(sha1))
    throw new AgentError('E_OPTION', 'trial.weights', 'a SHA-1, 40 hex digits', JSON.stringify(sha1))
  const title = titleOf(assignment.trial)
  const bytes = await downloadWeights(sha1, (reason) => log(`${title}: weights ${sha1} wait: ${reason}`, 'warn'))
  const tensors = readSafetensors(bytes)
  log(`${title}: has weights ${sha1} from the store`, 'info')
  return tensors
}
