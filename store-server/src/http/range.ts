/** What a request with a Range header gets of `size` bytes: all, a part (`end` exclusive), or nothing there. */
export type Part =
  | { readonly type: 'all' }
  | { readonly type: 'part'; readonly start: number; readonly end: number }
  | { readonly type: 'beyond' }

/**
 * One byte range of RFC 9110 § 14: `bytes=5-9`, `bytes=5-`, `bytes=-5`. Anything else, several ranges included, is ignored as the
 * RFC allows. With `If-Range` the part counts only while the ETag is still the same.
 */
export function partOf(range: string | undefined, ifRange: string | undefined, etag: string, size: number): Part {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '')
  if (!match || (ifRange !== undefined && ifRange !== etag)) return { type: 'all' }
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return { type: 'all' }
  if (first === '') {
    const count = Math.min(Number(last), size)
    return count === 0 ? { type: 'beyond' } : { type: 'part', start: size - count, end: size }
  }
  const start = Number(first)
  const end = last === '' ? size : Math.min(Number(last) + 1, size)
  if (last !== '' && Number(last) < start) return { type: 'all' }
  return start >= size ? { type: 'beyond' } : { type: 'part', start, end }
}

/** Whether the client has these bytes already. */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*')
