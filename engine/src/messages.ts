import type { Backend, Device } from './choose.ts'
import type { EngineErrorCode } from './errors.ts'
import type { RuntimeOptions } from './runtime.ts'
import type {
  Augmentation,
  Checkpoint,
  Evaluation,
  Loss,
  Normalisation,
  Optimizer,
  PartialEpoch,
  Schedule,
  StepReport,
} from './types.ts'

/** A data set whose arrays lie in shared memory, so that sending it copies nothing. */
export interface SharedSet {
  readonly images: Uint8Array
  readonly labels: Int32Array
  readonly targets: Float32Array | null
  readonly sampleWeights: Float32Array | null
  readonly classCount: number
}

/** What a worker's session begins with. `training` is null for prediction only. */
export interface Setup extends RuntimeOptions {
  readonly backend: Backend
  readonly topology: unknown
  /** All parameters, flat (model/spec.ts). */
  readonly weights: Float32Array
  readonly normalisation: Normalisation
  readonly training: TrainingSetup | null
}

export interface TrainingSetup {
  readonly loss: Loss
  readonly optimizer: Optimizer
  readonly seed: number
}

/** What a worker holds of a checkpoint; the epochs that were yielded are the caller's. */
export type TrainingState = Omit<Checkpoint, 'epochs'>

export interface EpochRequest {
  readonly type: 'epoch'
  readonly data: SharedSet
  readonly validation: SharedSet | null
  readonly batchSize: number
  /** Epochs that the trial has finished; decides the data order. */
  readonly epochsDone: number
  /** As reports shall show it. */
  readonly epoch: number
  /** Epochs of this call of `fit`, and the validation losses of those before this one: what the schedule looks at. */
  readonly epochs: number
  readonly schedule: Schedule
  readonly augment: readonly Augmentation[]
  readonly validationLosses: readonly number[]
  /** Steps of this epoch and those after it in the same fit. */
  readonly stepsLeft: number
  /** What was done of this epoch before it was interrupted. */
  readonly partial: PartialEpoch
  /** Whether to remember the weights of the epoch with the lowest validation loss since epoch 1. */
  readonly keepBest: boolean
  /** How often to send a checkpoint while the epoch runs; null for none at all. */
  readonly checkpointEveryMs: number | null
}

export type Request =
  | EpochRequest
  | { readonly type: 'evaluate'; readonly data: SharedSet }
  | { readonly type: 'predict'; readonly images: Uint8Array; readonly count: number }
  | { readonly type: 'weights' }
  | { readonly type: 'restore'; readonly state: TrainingState }
  | { readonly type: 'restoreBest' }

export interface EpochResult {
  readonly step: number
  readonly loss: number
  readonly accuracy: number
  readonly validation: { readonly loss: number; readonly accuracy: number } | null
  readonly seconds: number
  /** With `keepBest`: the best epoch so far, by number. */
  readonly bestEpoch: number | null
  /** Null when no checkpoints are wanted. */
  readonly checkpoint: TrainingState | null
}

/** The answer to each request. */
export interface Results {
  readonly epoch: EpochResult
  readonly evaluate: Evaluation
  readonly predict: Float32Array
  readonly weights: Float32Array
  readonly restore: null
  readonly restoreBest: null
}

/** A request on its way: `stop` is one shared number, which the caller sets to 1 to stop the work. */
export interface Envelope {
  readonly type: 'request'
  readonly id: number
  readonly request: Request
  readonly stop: Int32Array
}

/** Begins a session. */
export interface Open {
  readonly type: 'open'
  readonly setup: Setup
}

/** Loads what a session on this device needs, before there is one; the worker then answers `warm`. */
export interface Warm {
  readonly type: 'warm'
  readonly device: Device
}

/** Ends the session once the work before it is done; the worker then answers `closed`. */
export const CLOSE = 'close'

/** Ends a worker that has no session. */
export const END = 'end'

export type ToWorker = Open | Warm | Envelope | typeof CLOSE | typeof END

export type Reply =
  | { readonly type: 'warm' }
  | { readonly type: 'closed' }
  | { readonly type: 'result'; readonly id: number; readonly result: Results[Request['type']] }
  | { readonly type: 'stopped'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly report: StepReport }
  | { readonly type: 'checkpoint'; readonly id: number; readonly checkpoint: TrainingState }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }

/** An error as it crosses threads: an EngineError when it has a code. */
export interface SentError {
  readonly engine: { code: EngineErrorCode; at: string; expected: string; got: string } | null
  readonly message: string
  readonly stack: string
}
