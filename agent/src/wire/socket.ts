import type { IncomingMessage } from 'node:http'
import { MAX_FRAME_BYTES } from '@pawprint/protocol'
import WebSocket from 'ws'
import { explainTls, isUntrusted } from './trust.ts'

/** What a WebSocket tells. After `onClosed` or `onRefused` nothing more comes. */
export interface SocketListener {
  onOpen(): void
  onText(text: string): void
  /** Any sign of life. */
  onAlive(): void
  /** The server answered the upgrade with another status than 101; `body` is at most 4 KiB of its answer. */
  onRefused(status: number, body: string): void
  /** The other side's TLS certificate does not do; `problem` says why and what helps. */
  onUntrusted(problem: string): void
  /** `code` is 1006 when the line broke. */
  onClosed(code: number, reason: string): void
}

export interface Socket {
  send(text: string): void
  ping(): void
  /** Says goodbye on the WebSocket level. */
  close(): void
  /** Drops the line at once. */
  terminate(): void
}

const MAX_ANSWER_BYTES = 4096

/** Opens a WebSocket. It does not keep the process alive once it is open. */
export function openSocket(url: string, token: string, handshakeMs: number, listener: SocketListener): Socket {
  const socket = new WebSocket(url, {
    headers: { authorization: `Bearer ${token}` },
    handshakeTimeout: handshakeMs,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  })
  let over = false
  let problem = ''
  const finish = (tell: () => void): void => {
    if (over) return
    over = true
    tell()
  }
  socket.on('upgrade', (answer) => answer.socket.unref())
  socket.on('open', () => listener.onOpen())
  socket.on('message', (data, isBinary) => {
    if (!isBinary && !over) listener.onText(data.toString())
  })
  for (const event of ['message', 'ping', 'pong'] as const) socket.on(event, () => listener.onAlive())
  socket.on('unexpected-response', (request, answer) => {
    readAnswer(answer, (body) => {
      request.destroy()
      finish(() => listener.onRefused(answer.statusCode ?? 0, body))
    })
  })
  socket.on('error', (error) => {
    problem = explainTls(error) ?? error.message
    if (isUntrusted(error)) finish(() => listener.onUntrusted(problem))
  })
  socket.on('close', (code, reason) => finish(() => listener.onClosed(code, reason.toString() || problem)))
  return {
    send: (text) => socket.send(text),
    ping: () => socket.ping(),
    close: () => socket.close(1000),
    terminate: () => socket.terminate(),
  }
}

function readAnswer(answer: IncomingMessage, done: (body: string) => void): void {
  let body = ''
  let told = false
  const tell = (): void => {
    if (told) return
    told = true
    done(body)
  }
  answer.setEncoding('utf8')
  answer.on('data', (part: string) => {
    body = (body + part).slice(0, MAX_ANSWER_BYTES)
  })
  for (const event of ['end', 'error', 'close'] as const) answer.on(event, tell)
}
