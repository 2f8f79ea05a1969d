/** One WebSocket as the rest of the store sees it. */
export interface Socket {
  send(text: string): void
  close(code: number, reason: string): void
  /** Bytes that wait to be sent. */
  bufferedBytes(): number
  /** No more messages are read until `resume`: what a fast sender feels instead of a full memory. */
  pause(): void
  resume(): void
}

/** What answers a connection. */
export interface Peer {
  /** A text message came. */
  receive(text: string): void
  /** Any frame came, also a pong. */
  alive(): void
  /** The connection is over. */
  closed(): void
}
