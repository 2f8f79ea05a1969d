import { createHmac } from 'node:crypto'

/** A message of the Jupyter protocol 5.3, as far as a runner reads it. */
export interface JupyterMessage {
  readonly id: string
  readonly type: string
  /** Id of the request that it answers; '' for none. */
  readonly parentId: string
  readonly content: Readonly<Record<string, unknown>>
}

const DELIMITER = '<IDS|MSG>'
const FRAMES_AFTER_DELIMITER = 5

const sign = (key: string, parts: readonly string[]): string => {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest('hex')
}

/** The frames of a request. `date` is ISO 8601. */
export function packMessage(
  key: string,
  header: { readonly id: string; readonly type: string; readonly session: string; readonly date: string },
  content: object,
): string[] {
  const { id, type, session, date } = header
  const head = { msg_id: id, session, username: 'pawprint', date, msg_type: type, version: '5.3' }
  const parts = [JSON.stringify(head), '{}', '{}', JSON.stringify(content)]
  return [DELIMITER, sign(key, parts), ...parts]
}

/** A message from its frames; null when it is none, or not signed with this key. */
export function unpackMessage(key: string, frames: readonly Uint8Array[]): JupyterMessage | null {
  const texts = frames.map((frame) => Buffer.from(frame).toString())
  const start = texts.indexOf(DELIMITER) + 1
  const [signature, ...parts] = texts.slice(start, start + FRAMES_AFTER_DELIMITER)
  if (start === 0 || parts.length < FRAMES_AFTER_DELIMITER - 1 || signature !== sign(key, parts)) return null
  const [header, parent, , content] = parts.map((part) => asRecord(JSON.parse(part)))
  return {
    id: textOf(header?.msg_id),
    type: textOf(header?.msg_type),
    parentId: textOf(parent?.msg_id),
    content: content ?? {},
  }
}

/** An object's entries; none for any other value. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
