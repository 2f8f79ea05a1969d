import * as v from 'valibot'
import { ProtocolError, show } from './error.ts'
import { MAX_FRAME_BYTES, MAX_JSON_DEPTH } from './limits.ts'

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
/** Only a text with one of these can hold a forbidden key: no other escape than \\u gives a letter or "_". */
const SUSPICIOUS = /__proto__|constructor|prototype|\\u/

/** Nesting depth of a JSON text, found without parsing it; stops counting above `max`. */
function depthOf(text: string, max: number): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 0x5c /* backslash */) i++
      else if (c === 0x22 /* quote */) inString = false
    } else if (c === 0x22) inString = true
    else if (c === 0x7b || c === 0x5b /* { [ */) {
      if (++depth > deepest) deepest = depth
      if (deepest > max) return deepest
    } else if (c === 0x7d || c === 0x5d /* } ] */) depth--
  }
  return deepest
}

/**
 * JSON from a stranger. At most `maxBytes` (default 1 MiB) and 32 levels; keys that could reach a prototype are refused.
 * Throws ProtocolError E_JSON.
 */
export function parseJson(text: string, maxBytes = MAX_FRAME_BYTES): unknown {
  if (text.length > maxBytes) throw new ProtocolError('E_JSON', '', `at most ${maxBytes} bytes`, `${text.length}`)
  if (depthOf(text, MAX_JSON_DEPTH) > MAX_JSON_DEPTH)
    throw new ProtocolError('E_JSON', '', `at most ${MAX_JSON_DEPTH} levels of nesting`, 'more')
  try {
    // A reviver makes parsing several times as slow, and nearly no text needs one.
    if (!SUSPICIOUS.test(text)) return JSON.parse(text)
    return JSON.parse(text, (key, value: unknown) => {
      if (FORBIDDEN_KEYS.has(key)) throw new ProtocolError('E_JSON', key, 'another key', 'a reserved name')
      return value
    })
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw new ProtocolError('E_JSON', '', 'JSON', `${show(text)} (${error instanceof Error ? error.message : ''})`)
  }
}

/** `value` if it fits `schema`; else throws ProtocolError E_MESSAGE that names the first place that does not. */
export function parse<T extends v.GenericSchema>(schema: T, value: unknown): v.InferOutput<T> {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  const [issue] = result.issues
  const expected = issue.type === 'regex' || issue.type === 'check' ? issue.message : (issue.expected ?? issue.message)
  throw new ProtocolError('E_MESSAGE', v.getDotPath(issue) ?? '', expected, issue.received ?? show(issue.input))
}
