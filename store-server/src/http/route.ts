import { MAX_FRAME_BYTES, ProtocolError, parseJson } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Rule } from '../core/gate.ts'

/** A request as the routes see it. */
export interface ApiRequest {
  readonly method: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  header(name: string): string | undefined
  /** The body's bytes, once, as they come. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Address of the peer, for counting its wrong tokens. */
  readonly address: string
}

export type ApiAnswer =
  | { readonly status: number; readonly json: unknown; readonly headers?: Readonly<Record<string, string>> }
  /** The same as JSON already. */
  | { readonly status: number; readonly jsonText: string; readonly headers?: Readonly<Record<string, string>> }
  | {
      readonly status: number
      readonly bytes: AsyncIterable<Uint8Array> | null
      readonly headers: Readonly<Record<string, string>>
    }

/** A call of the API. Its scope stands beside it, so that none can be without one. */
export interface Route extends Rule {
  /** True for a call that is answered although its own token was replaced meanwhile. */
  readonly outlivesToken?: true
  handle(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer
}

export const ok = (json: unknown, status = 200): ApiAnswer => ({ status, json })

/** A parameter of the path. Express has decoded it; what it may hold is the route's to check. */
export function paramOf(request: ApiRequest, name: string): string {
  const value = request.params[name]
  if (value === undefined) throw new StoreError('E_NOT_FOUND', name, 'a value in the path', 'none')
  return value
}

function assertMedia(request: ApiRequest, wanted: string): void {
  const type = request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== wanted) throw new StoreError('E_MEDIA', 'content-type', wanted, type ?? 'none')
  const encoding = request.header('content-encoding')
  // Bodies come as they are: what is unpacked here could be a thousand times as large.
  if (encoding !== undefined && encoding !== 'identity')
    throw new StoreError('E_MEDIA', 'content-encoding', 'none', encoding)
}

/** The JSON body, at most 1 MiB; counted while it comes, whatever its headers say. Throws StoreError, ProtocolError E_JSON. */
export async function jsonOf(request: ApiRequest): Promise<unknown> {
  assertMedia(request, 'application/json')
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.bytes) {
    size += chunk.length
    if (size > MAX_FRAME_BYTES) throw new StoreError('E_BODY', 'body', `at most ${MAX_FRAME_BYTES} bytes`, 'more')
    chunks.push(chunk)
  }
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw new ProtocolError('E_JSON', '', 'UTF-8 text', 'other bytes')
  }
}

/** The body of an upload, as it comes. */
export function uploadOf(request: ApiRequest): AsyncIterable<Uint8Array> {
  assertMedia(request, 'application/octet-stream')
  return request.bytes
}

/** A whole number from a query or header, as digits alone: no sign, no exponent, no spaces. */
export function countOf(
  at: string,
  text: string | null | undefined,
  fallback?: number,
  max = Number.MAX_SAFE_INTEGER,
  min = 0,
): number {
  if (text === null || text === undefined) {
    if (fallback !== undefined) return fallback
    throw new StoreError('E_QUERY', at, 'a whole number', 'none')
  }
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max))
    throw new StoreError('E_QUERY', at, `a whole number from ${min} to ${max}`, text.slice(0, 40))
  return value
}
