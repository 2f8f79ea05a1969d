/**
 * What went wrong: `E_OPTION` a wrong option, `E_FORMAT` a file that is not what its name says, `E_NETWORK` no or a broken
 * connection, `E_ANSWER` a server that answered something else, `E_CHECKSUM` a download that is not the official file,
 * `E_STORAGE` no place to save it, `E_EXPECTATION` data that an expectation does not find as it should be.
 */
export type DatasetErrorCode =
  | 'E_OPTION'
  | 'E_FORMAT'
  | 'E_NETWORK'
  | 'E_ANSWER'
  | 'E_CHECKSUM'
  | 'E_STORAGE'
  | 'E_EXPECTATION'

/** The one error of this module: `place: expected …, got …`, and what to do about it, where that is known. */
export class DatasetError extends Error {
  readonly code: DatasetErrorCode
  /** Where: an option, or a file and the record in it. */
  readonly at: string
  readonly expected: string
  readonly got: string
  /** What to do about it, a sentence or several; undefined where that is not known. */
  readonly advice: string | undefined

  constructor(
    code: DatasetErrorCode,
    at: string,
    expected: string,
    got: string,
    { advice, ...options }: ErrorOptions & { readonly advice?: string } = {},
  ) {
    super(`${at}: expected ${expected}, got ${got}${advice ? `. ${advice}` : ''}`, options)
    this.name = 'DatasetError'
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
    this.advice = advice
  }
}
