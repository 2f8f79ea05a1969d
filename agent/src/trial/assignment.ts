import type { BackendOption } from '@pawprint/engine'
import type { AttemptRef, ToAgent } from '@pawprint/protocol'

/** A trial attempt that the store gave to this agent. */
export type Assignment = Extract<ToAgent, { type: 'run' }>

export const refOf = ({ job, trial, attempt, lease }: AttemptRef): AttemptRef => ({ job, trial, attempt, lease })

/** As people count: the grid's index 0 is "trial 1". */
export const titleOf = (trial: number): string => `trial ${trial + 1}`

/** A reproduction is run by what ran the trial that it repeats; any other trial by what the notebook's environment says. */
export function backendOf({ engine = '' }: Pick<Assignment, 'engine'>): { readonly backend?: BackendOption } {
  if (engine.startsWith('onednn')) return { backend: 'native' }
  if (engine.startsWith('onnxruntime')) return { backend: engine.startsWith('onnxruntime cuda') ? 'cuda' : 'onnx' }
  return engine.startsWith('tensorflow.js') ? { backend: 'tensorflow' } : {}
}
