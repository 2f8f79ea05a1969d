import type { IncomingMessage, Server } from 'node:http'
import { CLOSE, CUT_PAGE_BYTES, DEAD_AFTER_MS, MAX_STORE_FRAME_BYTES } from '@pawprint/protocol'
import { WebSocket, WebSocketServer } from 'ws'

/** A connection, without its library. */
export interface Socket {
  send(text: string): void
  close(code: number, reason: string): void
}

/** Pages say nothing that matters; what they send is not read, only bounded. */
const MAX_PAGE_FRAME_BYTES = 1024
const HANDSHAKE_TIMEOUT_MS = 10_000
/** A page that does not answer a goodbye is cut after this long, in ms. */
const GOODBYE_MS = 1_000

function wrap(ws: WebSocket): Socket {
  return {
    send(text) {
      if (ws.readyState !== WebSocket.OPEN) return
      // A page that does not read comes back by itself and gets all it needs in the first message.
      if (ws.bufferedAmount > CUT_PAGE_BYTES) ws.terminate()
      else ws.send(text)
    },
    close: (code, reason) => ws.close(code, reason),
  }
}

/** Takes away connections that have been silent for 45 s; protocol pings are answered by every peer without being asked to. */
function endWhenSilent(ws: WebSocket, pingEveryMs: number | null): void {
  let timer: NodeJS.Timeout
  const heard = () => {
    clearTimeout(timer)
    timer = setTimeout(() => ws.terminate(), DEAD_AFTER_MS)
  }
  const pinging = pingEveryMs === null ? undefined : setInterval(() => ws.ping(), pingEveryMs)
  for (const event of ['ping', 'pong', 'message', 'open'] as const) ws.on(event, heard)
  ws.on('close', () => {
    clearTimeout(timer)
    clearInterval(pinging)
  })
  heard()
}

export interface PageSockets {
  /** Says goodbye to every page and takes no more. */
  close(): void
}

/** Serves WebSockets on `/ws` of `server`. `refusal` answers null to let a page in, or the status to refuse it with. */
export function servePages(
  server: Server,
  pingEveryMs: number,
  refusal: (request: IncomingMessage, open: number) => string | null,
  onPage: (socket: Socket) => () => void,
): PageSockets {
  const wss = new WebSocketServer({ noServer: true, maxPayload: MAX_PAGE_FRAME_BYTES, perMessageDeflate: false })
  server.on('upgrade', (request, stream, head) => {
    stream.on('error', () => stream.destroy())
    const status = refusal(request, wss.clients.size)
    if (status !== null) {
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    wss.handleUpgrade(request, stream, head, (ws) => {
      endWhenSilent(ws, pingEveryMs)
      const left = onPage(wrap(ws))
      // A frame that is too long or malformed ends its connection, which `close` reports.
      ws.on('error', () => ws.terminate())
      ws.on('close', left)
    })
  })
  return {
    close() {
      for (const ws of wss.clients) ws.close(CLOSE.shutdown, 'the demo ends')
      wss.close()
      setTimeout(() => {
        for (const ws of wss.clients) ws.terminate()
      }, GOODBYE_MS).unref()
    },
  }
}

export interface DialEvents {
  onOpen(): void
  onText(text: string): void
  /** Once, whatever ended it. `status`: of an answer that was no WebSocket, for example 401; else null. */
  onClose(code: number, reason: string, status: number | null): void
}

/** Calls a server. `token` travels as a Bearer token. */
export function dial(url: URL, token: string | null, events: DialEvents): Socket {
  const ws = new WebSocket(url, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    maxPayload: MAX_STORE_FRAME_BYTES,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    perMessageDeflate: false,
  })
  let status: number | null = null
  let problem = ''
  ws.on('unexpected-response', (_request, response) => {
    status = response.statusCode ?? null
    problem = `status ${status}`
    ws.terminate()
  })
  ws.on('open', () => events.onOpen())
  ws.on('message', (data) => events.onText(String(data)))
  ws.on('error', (error) => {
    problem ||= error.message
  })
  ws.on('close', (code, reason) => events.onClose(code, reason.toString() || problem, status))
  endWhenSilent(ws, null)
  return wrap(ws)
}
