import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { CLOSE } from '@pawprint/protocol'
import type { Scope } from '../core/gate.ts'
import { failureOf, securityHeaders } from '../http/answers.ts'
import type { Gatekeeper } from '../http/gatekeeper.ts'
import type { Access } from '../service/access.ts'
import type { Store } from '../service/context.ts'
import { openConnection } from './connection.ts'
import type { Peer, Socket } from './socket.ts'
import type { Sockets } from './sockets.ts'

/** The gate for upgrades; a refusal is a plain HTTP answer. */
export const createUpgrade =
  (store: Store, sockets: Sockets, gatekeeper: Gatekeeper, access: Access) =>
  (request: IncomingMessage, stream: Duplex, head: Buffer): void => {
    stream.on('error', () => stream.destroy())
    let scope: Scope | null = null
    try {
      scope = gatekeeper.pass(request, true)
    } catch (error) {
      refuse(stream, error)
      return
    }
    if (scope === null || store.closing) {
      stream.destroy()
      return
    }
    const known = scope
    sockets.accept(request, stream, head, (socket) => openVisit(store, access, socket, known))
  }

/** A connection that ends when its token is replaced. */
function openVisit(store: Store, access: Access, socket: Socket, scope: Scope): Peer {
  const peer = openConnection(store, socket, scope)
  const leave = access.enter(scope, () => socket.close(CLOSE.unauthorized, 'the token was replaced'))
  return {
    ...peer,
    closed() {
      leave()
      peer.closed()
    },
  }
}

function refuse(stream: Duplex, error: unknown): void {
  const { status, error: body } = failureOf(error)
  const text = JSON.stringify({ error: body })
  const headers = {
    ...securityHeaders(null),
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`)
}
