import type { EngineErrorCode } from './errors.ts'
import type { Normalisation, Optimizer, StepReport } from './types.ts'

/** A data set whose arrays lie in shared memory, so that sending it copies nothing. */
export interface SharedSet {
  readonly images: Uint8Array
  readonly labels: Int32Array
}

/** What a worker is started with. `training` is null for prediction only. */
export interface Setup {
  readonly topology: unknown
  /** All parameters in model order, one after the other. */
  readonly weights: Float32Array
  readonly normalisation: Normalisation
  readonly threads: number
  readonly training: { readonly optimizer: Optimizer; readonly seed: number } | null
}

export interface EpochRequest {
  readonly type: 'epoch'
  readonly data: SharedSet
  readonly validation: SharedSet | null
  readonly batchSize: number
  /** Epochs that the trial has finished; decides the data order. */
  readonly epochsDone: number
  /** As reports shall show it. */
  readonly epoch: number
  /** Steps of this epoch and those after it in the same fit. */
  readonly stepsLeft: number
}

export type Request =
  | EpochRequest
  | { readonly type: 'evaluate'; readonly data: SharedSet }
  | { readonly type: 'predict'; readonly images: Uint8Array; readonly count: number }
  | { readonly type: 'weights' }

export interface EpochResult {
  readonly step: number
  readonly loss: number
  readonly accuracy: number
  readonly validation: { readonly loss: number; readonly accuracy: number } | null
  readonly seconds: number
}

/** The answer to each request. */
export interface Results {
  readonly epoch: EpochResult
  readonly evaluate: { readonly loss: number; readonly accuracy: number; readonly probabilities: Float32Array }
  readonly predict: Float32Array
  readonly weights: Float32Array
}

/** A request on its way: `stop` is one shared number, which the caller sets to 1 to stop the work. */
export interface Envelope {
  readonly id: number
  readonly request: Request
  readonly stop: Int32Array
}

/** Sent instead of a further request: the worker ends once the work before it has. */
export const CLOSE = 'close'

export type Reply =
  | { readonly type: 'result'; readonly id: number; readonly result: Results[Request['type']] }
  | { readonly type: 'stopped'; readonly id: number }
  | { readonly type: 'progress'; readonly id: number; readonly report: StepReport }
  | { readonly type: 'error'; readonly id: number; readonly error: SentError }

/** An error as it crosses threads: an EngineError when it has a code. */
export interface SentError {
  readonly engine: { code: EngineErrorCode; at: string; expected: string; got: string } | null
  readonly message: string
  readonly stack: string
}
