import { inspect } from 'node:util'

/* What to say of something that code of others threw. */

export const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason))

const STACK_LINES = 6
const MAX_REASON_LENGTH = 4000

export const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, STACK_LINES).join('\n') : textOf(error)

// Code may throw anything: `[object Object]` would help nobody.
const textOf = (thrown: unknown): string => (typeof thrown === 'string' ? thrown : inspect(thrown))

/** The message with the first line of the stack that says where. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return textOf(error).slice(0, MAX_REASON_LENGTH)
  const place = error.stack
    ?.split('\n')
    .find((line) => /^\s+at /.test(line))
    ?.trim()
  const name = error.name === 'Error' ? '' : `${error.name}: `
  return `${name}${error.message}${place === undefined ? '' : ` (${place})`}`.slice(0, MAX_REASON_LENGTH)
}
