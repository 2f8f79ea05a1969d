import { type ErrorBody, ProtocolError } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { StorageError, type StorageErrorCode } from '../storage/storage.ts'
import { bodyOf } from '../wire/refusing.ts'

const OF_STORAGE: Readonly<Partial<Record<StorageErrorCode, number>>> = {
  E_NOT_FOUND: 404,
  E_ARGUMENT: 404, // only ids of uploads reach the storage as they came
  E_OFFSET: 409,
  E_COLLISION: 409,
  E_TOO_LARGE: 413,
  E_DIGEST: 422,
  E_TOO_MANY: 429,
  E_NO_SPACE: 507,
  E_WRITE: 503,
}

/** The HTTP status of a failure. What would fail again is never 5xx. */
function statusOf(error: unknown): number {
  if (error instanceof StoreError) return error.status
  if (error instanceof ProtocolError) return error.code === 'E_JSON' ? 400 : 422
  if (error instanceof StorageError) return OF_STORAGE[error.code] ?? 500
  // Express: a path that cannot be decoded.
  if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)) return 400
  return 500
}

/** Status and body of a failed request. */
export function failureOf(error: unknown): { readonly status: number; readonly error: ErrorBody } {
  const status = statusOf(error)
  if (status === 400 && bodyOf(error).code === 'E_INTERNAL')
    return { status, error: { code: 'E_QUERY', message: 'a path that can be decoded' } }
  return { status, error: bodyOf(error) }
}

/** Sent with every answer. `host` is one of the exact list, so it may stand in the policy. */
export const securityHeaders = (host: string | null): Readonly<Record<string, string>> => ({
  // No upgrade-insecure-requests: it would break plain http on a local network.
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    `connect-src 'self'${host === null ? '' : ` ws://${host} wss://${host}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
})
