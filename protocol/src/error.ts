import * as v from 'valibot'

/** How every error travels: a stable code, a sentence, and where they help the place, what was expected and what came. */
export const ErrorBody = v.object({
  code: v.string(),
  message: v.string(),
  at: v.optional(v.string()),
  expected: v.optional(v.string()),
  got: v.optional(v.string()),
})
export type ErrorBody = v.InferOutput<typeof ErrorBody>

export type ProtocolErrorCode =
  | 'E_JSON' // not JSON, or too deep, too large, or with a forbidden key
  | 'E_MESSAGE' // JSON of another shape than expected
  | 'E_CONFIG' // a value that the notebook's schema refuses
  | 'E_GRID' // too many trials
  | 'E_FIELDS' // a hyperparameter schema that cannot be
  | 'E_SAFETENSORS' // bytes that are no canonical safetensors file
  | 'E_OPTION' // an option of a program or a call that cannot be read
  | 'E_TRANSITION' // a state that cannot follow the present one

/** Input that does not fit. `at` names the place, for example `LEARNING_RATE[1]` or `trials.0.seed`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: ProtocolErrorCode, at: string, expected: string, got: string) {
    super(`${at === '' ? '' : `${at}: `}expected ${expected}, got ${got}`)
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, at: this.at, expected: this.expected, got: this.got }
  }
}

const MAX_SHOWN = 80

/** A value as an error shows it: short JSON for what JSON knows, a word for the rest. */
export function show(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
