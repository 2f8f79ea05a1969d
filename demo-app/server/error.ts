import { EngineError } from '@pawprint/engine'
import { type ErrorBody, ProtocolError } from '@pawprint/protocol'

export type DemoErrorCode =
  | 'E_OPTION' // a flag or variable that does not fit
  | 'E_PORT' // the port cannot be used
  | 'E_CURRENT' // current.json contradicts itself or its folder
  | 'E_BLOB_MISSING' // no weights file of that sha1 in the folder
  | 'E_BLOB_SIZE' // a weights file of another size than recorded
  | 'E_BLOB_HASH' // a weights file whose bytes do not match its name
  | 'E_MODEL' // weights, topology and preprocessing that do not fit together
  | 'E_CANARY' // a model whose first prediction is no distribution
  | 'E_LOAD' // anything else that stopped a model from loading
  | 'E_DOWNLOAD' // the store did not deliver the weights
  | 'E_EMPTY' // a picture of 0 bytes
  | 'E_IMAGE_TYPE' // bytes of another kind than PNG, JPEG, WebP, GIF
  | 'E_IMAGE_BYTES' // more than 16 MiB
  | 'E_IMAGE_PIXELS' // more than 40 Mpx
  | 'E_IMAGE' // a picture that cannot be decoded
  | 'E_TASK' // no such task
  | 'E_TASK_MISSING' // several tasks, and the request names none
  | 'E_NO_MODEL' // the task has no model yet
  | 'E_BUSY' // too many requests at once
  | 'E_BODY' // a request body that cannot be read
  | 'E_PART' // a part of a picture that is none, or lies outside
  | 'E_HOST' // a Host that is not on the list
  | 'E_ORIGIN' // an Origin that is not on the list
  | 'E_NOT_FOUND' // no such path
  | 'E_METHOD' // no such method on this path
  | 'E_INTERNAL' // a fault of the demo itself

/** What the demo could not do. `at` names the place, for example `--port` or `deployed/cifar10/current.json`. */
export class DemoError extends Error {
  override readonly name = 'DemoError'
  readonly code: DemoErrorCode
  readonly at: string
  readonly expected: string
  readonly got: string

  constructor(code: DemoErrorCode, at: string, expected: string, got: string, options?: ErrorOptions) {
    super(`${at}: expected ${expected}, got ${got}`, options)
    this.code = code
    this.at = at
    this.expected = expected
    this.got = got
  }

  toBody(): ErrorBody {
    return { code: this.code, message: this.message, at: this.at, expected: this.expected, got: this.got }
  }
}

const MAX_MESSAGE = 400

/** How an error travels. One of a library or the disk, which has no place and no expectation, keeps its words and gets `fallback`. */
export function errorBodyOf(error: unknown, fallback: DemoErrorCode): ErrorBody {
  if (error instanceof DemoError || error instanceof ProtocolError) return error.toBody()
  if (error instanceof EngineError) {
    const { code, message, at, expected, got } = error
    return { code, message: message.slice(0, MAX_MESSAGE), at, expected, got }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: fallback, message: message.slice(0, MAX_MESSAGE) }
}
