/**
 * - `E_UNSUPPORTED`: a layer, activation, loss, optimiser or option of the model that the engine cannot train.
 * - `E_MODEL`: a topology or weights that make no sense.
 * - `E_INPUT`: wrong data or options.
 * - `E_NON_FINITE`: the loss became NaN or infinite.
 * - `E_CLOSED`: a call after `close()`.
 * - `E_WORKER`: the worker thread ended by itself.
 */
export type EngineErrorCode = 'E_UNSUPPORTED' | 'E_MODEL' | 'E_INPUT' | 'E_NON_FINITE' | 'E_CLOSED' | 'E_WORKER'

/** The one error of this package. `at` is the place: a layer, an option, an epoch and step. */
export class EngineError extends Error {
  readonly code: EngineErrorCode
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: EngineErrorCode, at: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${at}: expected ${expected}, got ${got}`, options)
    this.name = 'EngineError'
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
  }
}

/** A branch that the types rule out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
