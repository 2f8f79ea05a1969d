import { CLOSE, CUT_PAGE_BYTES, SLOW_PAGE_BYTES } from '@pawprint/protocol'
import type { Socket } from './socket.ts'

/**
 * How fast one page takes what it is sent. Answers a question to ask before each sending: may more go out now? Not while the
 * page has more than 1 MiB unsent; above 8 MiB it is cut (4413). Its snapshot of `firstBytes` may be larger than that and is not
 * held against it: cut in the middle of it, a page on a slow line would begin it again for ever.
 */
export function createPace(socket: Socket, firstBytes: number): () => boolean {
  let allowedBytes = CUT_PAGE_BYTES + firstBytes
  return () => {
    const unsentBytes = socket.bufferedBytes()
    if (unsentBytes > allowedBytes)
      socket.close(CLOSE.tooSlow, 'too slow; say hello again and follow with your cursors')
    if (unsentBytes > SLOW_PAGE_BYTES) return false
    allowedBytes = CUT_PAGE_BYTES
    return true
  }
}
