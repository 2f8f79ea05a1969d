export interface SocketHandlers {
  open(): void
  message(text: string): void
  /** `code` as in RFC 6455, 1006 when the peer did not say goodbye. Called once. */
  close(code: number, reason: string): void
}
/** All that the connection needs of a WebSocket. */
export interface LiveSocket {
  send(text: string): void
  close(): void
}
export type OpenSocket = (url: string, handlers: SocketHandlers) => LiveSocket

export interface Clock {
  now(): number
  /** Calls `run` once after `ms`; the answer cancels that. */
  after(ms: number, run: () => void): () => void
}

/** The real one. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Over the WebSocket of the browser. */
export const browserSocket: OpenSocket = (url, handlers) => {
  const socket = new WebSocket(url)
  socket.addEventListener('open', () => handlers.open())
  socket.addEventListener('message', ({ data }) => handlers.message(String(data)))
  socket.addEventListener('close', ({ code, reason }) => handlers.close(code, reason))
  return { send: (text) => socket.send(text), close: () => socket.close() }
}
