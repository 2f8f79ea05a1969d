import { setImmediate } from 'node:timers/promises'
import { type ApiAnswer, type ApiRequest, countOf } from './route.ts'

const MAX_LIST = 1000
const DEFAULT_LIST = 100
/** A thousand jobs of many trials take long: whoever else is waiting has a turn in between. */
const TURN_MS = 10

/** How many items a list answers at most: `?limit=`, 1 to `max`. Throws StoreError E_QUERY. */
export const limitOf = (request: ApiRequest, fallback = DEFAULT_LIST, max = MAX_LIST): number =>
  countOf('limit', request.query.get('limit'), fallback, max, 1)

/**
 * One page of a list that is sorted by a falling number: `?limit=` items (1 to 1,000, default 100) with numbers below the cursor
 * `?after=`. `next` is null at the end. `newest` gives those below a number, no more of them than are taken; what `show` makes
 * nothing of is left out.
 */
export async function pageOf<T>(
  request: ApiRequest,
  newest: (before: number) => Iterable<T>,
  numberOf: (item: T) => number,
  show: (item: T) => unknown,
): Promise<ApiAnswer> {
  const limit = limitOf(request)
  const after = countOf('after', request.query.get('after'), Number.MAX_SAFE_INTEGER)
  const texts: string[] = []
  let last = after
  let isMore = false
  let turnMs = performance.now()
  for (const item of newest(after)) {
    const shown = show(item)
    isMore = shown !== undefined && texts.length === limit
    if (isMore) break
    if (shown !== undefined) {
      last = numberOf(item)
      texts.push(JSON.stringify(shown))
    }
    if (performance.now() - turnMs < TURN_MS) continue
    await setImmediate()
    turnMs = performance.now()
  }
  return { status: 200, jsonText: `{"items":[${texts.join(',')}],"next":${isMore ? `"${last}"` : null}}` }
}
