import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { CLOSE, MAX_FRAME_BYTES } from '@pawprint/protocol'
import { WebSocket, WebSocketServer } from 'ws'
import type { Peer, Socket } from './socket.ts'

export interface SocketTimes {
  readonly pingIntervalMs: number
  readonly deadAfterMs: number
  /** A peer that does not answer a goodbye is cut after this long. */
  readonly goodbyeMs: number
}

export interface Sockets {
  /** Takes over an upgrade that the gate admitted. */
  accept(request: IncomingMessage, stream: Duplex, head: Buffer, open: (socket: Socket) => Peer): void
  /** Closes every connection with this code; resolves when all are closed, at the latest after `graceMs`. */
  close(code: number, reason: string, graceMs: number): Promise<void>
}

const MAX_REASON_BYTES = 123

function sayGoodbye(ws: WebSocket, code: number, reason: string, goodbyeMs: number): void {
  if (ws.readyState !== WebSocket.OPEN) return
  const cut = Buffer.from(reason)
    .subarray(0, MAX_REASON_BYTES)
    .toString()
    .replace(/\uFFFD$/, '')
  ws.close(code, cut)
  const timer = setTimeout(() => ws.terminate(), goodbyeMs)
  ws.once('close', () => clearTimeout(timer))
}

const adapt = (ws: WebSocket, goodbyeMs: number): Socket => ({
  send: (text) => {
    if (ws.readyState === WebSocket.OPEN) ws.send(text)
  },
  close: (code, reason) => sayGoodbye(ws, code, reason, goodbyeMs),
  bufferedBytes: () => ws.bufferedAmount,
  pause: () => ws.pause(),
  resume: () => ws.resume(),
})

/** Connects one socket with what answers it. `heard` notes when its last frame came. */
function serve(ws: WebSocket, socket: Socket, heard: Map<WebSocket, number>, open: (socket: Socket) => Peer): void {
  heard.set(ws, performance.now())
  const peer = open(socket)
  const live = () => {
    heard.set(ws, performance.now())
    peer.alive()
  }
  ws.on('message', (data, isBinary) => {
    live()
    // What comes between our goodbye and the peer's counts no more: its token may have been replaced.
    if (ws.readyState !== WebSocket.OPEN) return
    if (isBinary) socket.close(CLOSE.badMessage, 'text messages only')
    else peer.receive(data.toString())
  })
  ws.on('ping', live)
  ws.on('pong', live)
  // An error is always followed by close, where it is dealt with.
  ws.on('error', () => {})
  ws.on('close', () => {
    heard.delete(ws)
    peer.closed()
  })
}

/** The WebSocket endpoint: frames of at most 1 MiB, no compression, a ping each `pingIntervalMs`, cut when silent too long. */
export function createSockets(times: SocketTimes): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  })
  const heard = new Map<WebSocket, number>()
  const timer = setInterval(() => {
    for (const [ws, at] of heard) {
      // A paused socket is not read, so its silence is ours, also just after it is resumed.
      if (ws.isPaused) heard.set(ws, performance.now())
      else if (performance.now() - at > times.deadAfterMs) ws.terminate()
      if (ws.readyState === WebSocket.OPEN) ws.ping()
    }
  }, times.pingIntervalMs)
  timer.unref()
  return {
    accept: (request, stream, head, open) =>
      server.handleUpgrade(request, stream, head, (ws) => serve(ws, adapt(ws, times.goodbyeMs), heard, open)),
    async close(code, reason, graceMs) {
      clearInterval(timer)
      const open = [...heard.keys()]
      const closed = open.map((ws) => new Promise((resolve) => ws.once('close', resolve)))
      for (const ws of open) ws.close(code, reason)
      const grace = setTimeout(() => {
        for (const ws of open) ws.terminate()
      }, graceMs)
      await Promise.all(closed)
      clearTimeout(grace)
      server.close()
    },
  }
}
