import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  /** 101 for an upgrade that was let in; it is ended at once. */
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

const agent = new Agent({ keepAlive: true })

/** One request whose headers and path go out exactly as given. */
export function ask(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    sent.on('upgrade', (response, socket) => {
      socket.on('error', () => {}).destroy()
      resolve({ status: 101, headers: response.headers, text: '' })
    })
    sent.on('error', reject)
    sent.end()
  })
}

export interface RawSocket {
  readonly socket: Socket
  write(bytes: string | Uint8Array): void
  /** All that came, once the other side has ended the connection, however it did. */
  readonly ended: Promise<Buffer>
  /** The first bytes that came; empty when the connection ended without any. */
  readonly first: Promise<Buffer>
}

/** A TCP connection that says what it is told, and nothing else. */
export function openRaw(port: number): RawSocket {
  const socket = connect(port, '127.0.0.1')
  const parts: Buffer[] = []
  socket.on('data', (part) => parts.push(part))
  // A reset is an end, too.
  socket.on('error', () => {})
  const ended = new Promise<Buffer>((resolve) => socket.on('close', () => resolve(Buffer.concat(parts))))
  const first = new Promise<Buffer>((resolve) => {
    socket.once('data', resolve)
    socket.once('close', () => resolve(Buffer.alloc(0)))
  })
  return { socket, write: (bytes) => void socket.write(bytes), ended, first }
}

/** The status of an HTTP answer; null when there is none. */
export const statusOf = (answer: Buffer): number | null =>
  Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer.toString('latin1'))?.[1] ?? Number.NaN) || null

/** The head of an upgrade request that a store lets in. */
export const upgradeHead = (port: number, token: string, more = ''): string =>
  `GET /ws HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`
