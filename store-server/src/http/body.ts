import type { IncomingMessage } from 'node:http'
import { StoreError } from '../core/error.ts'

/**
 * The bytes of a request's body, as they come. Throws StoreError E_SLOW_BODY when none came for `idleMs`. Whoever stops early, or
 * throws, leaves the connection open for an answer: what has not come yet is not read.
 */
export async function* bodyOf(request: IncomingMessage, idleMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false })
  for (;;) {
    const next = await inTime(chunks.next(), idleMs)
    if (next.done) return
    yield next.value
  }
}

function inTime<T>(coming: Promise<T>, idleMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new StoreError('E_SLOW_BODY', 'body', `more bytes within ${idleMs} ms`, 'none')),
      idleMs,
    )
    coming.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
