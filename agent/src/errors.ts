/**
 * - `E_URL`: no WebSocket address.
 * - `E_TOKEN`: no token was found for the store.
 * - `E_REFUSED`: the store will not have this agent (token, scope, version, replaced); trying again would not help.
 * - `E_CERTIFICATE`: the store's TLS certificate is not trusted here, or is for another name.
 * - `E_STORE`: the store answered a message or an upload with an error.
 * - `E_TRAIN`: a train function returned something else than an evaluation of its model.
 * - `E_CHECKPOINT`: bytes that are no checkpoint, or one that does not fit what is trained now.
 * - `E_WEIGHTS`: weights that cannot be read, or that do not fit a model.
 * - `E_OPTION`: a wrong option of a network, a check or a notebook.
 * - `E_PREDICTIONS`: labels, probabilities or options from which no metric can be computed.
 * - `E_CLOSED`: a call after `close()`, or one that `close()` broke off.
 */
export type AgentErrorCode =
  | 'E_URL'
  | 'E_TOKEN'
  | 'E_REFUSED'
  | 'E_CERTIFICATE'
  | 'E_STORE'
  | 'E_TRAIN'
  | 'E_CHECKPOINT'
  | 'E_WEIGHTS'
  | 'E_OPTION'
  | 'E_PREDICTIONS'
  | 'E_CLOSED'

/** The one error of this package. `at` is the place: an option, a message, a trial. */
export class AgentError extends Error {
  readonly code: AgentErrorCode
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: AgentErrorCode, at: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${at}: expected ${expected}, got ${got}`, options)
    this.name = 'AgentError'
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
  }
}

/** Whether the store, or what is known of it, ended the agent; `close()` is no such end. */
export const isFinalError = ({ code }: AgentError): boolean => code === 'E_REFUSED' || code === 'E_CERTIFICATE'

/** A branch that the types rule out. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
