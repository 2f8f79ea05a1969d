import { CLOSE, CUT_PAGE_BYTES, type ErrorBody, ProtocolError, parseJson } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Store } from '../service/context.ts'
import { StorageError, type StorageErrorCode } from '../storage/storage.ts'
import type { Socket } from './socket.ts'

/** Where the trouble is would tell where the store lives: that is for its own output. */
const PRIVATE: Readonly<Partial<Record<StorageErrorCode, string>>> = {
  E_WRITE: 'the store cannot write to its disk; its output says more',
  E_CORRUPT: 'something that the store keeps is damaged; its output says more',
}

/** What travels when something is refused. Of a mistake of our own strangers are told no more than that there was one. */
export function bodyOf(error: unknown): ErrorBody {
  if (error instanceof ProtocolError || error instanceof StoreError) return error.toBody()
  if (error instanceof StorageError) {
    const { code, message, at, expected, got } = error
    const told = PRIVATE[code]
    if (told !== undefined) return { code, message: told }
    return { code, message, at, expected, got }
  }
  return { code: 'E_INTERNAL', message: 'a mistake of the store; its output says more' }
}

/** The id of a message that is otherwise wrong, so that its sender knows which one was refused. */
function idOf(text: string): string | null {
  try {
    const value = parseJson(text)
    const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null
    return typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : null
  } catch {
    return null
  }
}

/** Says what was wrong with a message. What cannot be read as JSON ends the connection: the peer speaks another language. */
export function refuseMessage(store: Store, socket: Socket, text: string, error: unknown): void {
  const body = bodyOf(error)
  if (body.code === 'E_INTERNAL' || (error instanceof StorageError && PRIVATE[error.code] !== undefined))
    store.world.report(error instanceof Error ? (error.stack ?? error.message) : String(error))
  const id = idOf(text)
  socket.send(JSON.stringify({ type: 'refused', ...(id === null ? {} : { id }), error: body }))
  if (body.code === 'E_JSON') socket.close(CLOSE.badMessage, body.message)
  // Whoever sends nonsense and reads no answer must not fill the memory with answers.
  else if (socket.bufferedBytes() > CUT_PAGE_BYTES) socket.close(CLOSE.tooSlow, 'too slow')
}
