import type { ErrorBody } from '@pawprint/protocol'

/** What the store refuses, and the HTTP status that says it. */
const STATUS = {
  E_AUTH: 401, // no token, or an unknown one
  E_SCOPE: 403, // a token that does not reach this far
  E_HOST: 403, // a Host header that is not this store's
  E_ORIGIN: 403, // a request that another site's page made
  E_THROTTLED: 429, // too many wrong tokens from one address
  E_NOT_FOUND: 404, // no such path, notebook, job, model, task or upload
  E_NO_ARTIFACT: 404, // the model has no such file, or it is damaged
  E_NO_EVALUATION: 404, // the agent sent none
  E_SLOW_BODY: 408, // no more bytes of the body for 30 s; those of an upload that came are kept
  E_QUERY: 400, // a query or header that cannot be read
  E_BODY: 413, // a body above 1 MiB
  E_MEDIA: 415, // another content type or encoding
  E_RANGE: 416, // bytes beyond the end
  E_STATE: 409, // not in the present state (retry of a job without failed trials, forgetting a live notebook …)
  E_GONE: 409, // the notebook's kernel was shut down
  E_REVISION: 409, // somebody else deployed meanwhile
  E_UNDEPLOYABLE: 409, // a model that cannot serve
  E_REQUEST_ID: 409, // the request id of a job on another notebook
  E_NO_WEIGHTS: 409, // upload the weights and files first, then say done again
  E_REEVALUATE: 409, // measure another model on the test set first, then say done again
  E_GAP: 409, // records are missing before these
  E_FENCED: 409, // the attempt belongs to another kernel now
  E_LEASE: 409, // no such attempt, or not its token
  E_TASK: 409, // a task of that name with another metric exists, or the notebook has another task now
} as const
export type StoreErrorCode = keyof typeof STATUS

/** A request that the store refuses. `at` names the place; `status` is the HTTP status. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  readonly status: number
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: StoreErrorCode, at: string, expected: string, got: string) {
    super(`${at}: expected ${expected}, got ${got}`)
    this.code = code
    this.status = STATUS[code]
    this.at = at
    this.expected = expected
    this.got = got
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, at: this.at, expected: this.expected, got: this.got }
  }
}
