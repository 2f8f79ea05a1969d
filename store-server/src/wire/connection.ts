import { CLOSE, PROTOCOL_VERSION, parseHello } from '@pawprint/protocol'
import { reaches, type Scope } from '../core/gate.ts'
import { type Store, timeOf } from '../service/context.ts'
import { failpoint } from '../storage/failpoint.ts'
import { openAgent } from './agent.ts'
import { openDemo } from './demo.ts'
import { openPage } from './page.ts'
import { refuseMessage } from './refusing.ts'
import type { Peer, Socket } from './socket.ts'

type Hello = ReturnType<typeof parseHello>

const NEEDS = { agent: 'agent', page: 'viewer', demo: 'viewer' } as const

/** The role's own end of a connection that has said hello; null once it is closed instead. */
function greet(store: Store, socket: Socket, scope: Scope, text: string): Peer | null {
  let hello: Hello
  try {
    hello = parseHello(text)
  } catch (error) {
    refuseMessage(store, socket, text, error)
    socket.close(CLOSE.badMessage, 'the first message must be hello')
    return null
  }
  const { version, role, instance } = hello
  const refusal = refusalOf(hello, scope)
  if (refusal) {
    socket.close(...refusal)
    return null
  }
  socket.send(JSON.stringify({ type: 'welcome', version, now: timeOf(store), scope }))
  if (role === 'page') return openPage(store, socket)
  return role === 'agent' ? openAgent(store, socket, instance ?? '') : openDemo(store, socket)
}

/** Close code and reason for a peer that may not stay. */
function refusalOf({ version, role, instance }: Hello, scope: Scope): [number, string] | null {
  if (version !== PROTOCOL_VERSION)
    return [CLOSE.version, `protocol versions ${PROTOCOL_VERSION} to ${PROTOCOL_VERSION}, got ${version}`]
  if (!reaches(scope, NEEDS[role])) return [CLOSE.forbidden, `role ${role} needs another token`]
  if (role !== 'page' && instance === undefined) return [CLOSE.badMessage, `hello of role ${role} needs an instance`]
  return null
}

/**
 * A new connection: it must say hello within the hello timeout, in this version, in a role that its token reaches. Then the role's
 * own peer takes over. Close codes: 4400, 4403, 4408, 4426.
 */
export function openConnection(store: Store, socket: Socket, scope: Scope): Peer {
  let peer: Peer | null = null
  let greeted = false
  const { helloTimeoutMs } = store.times
  const timer = setTimeout(() => {
    greeted = true
    socket.close(CLOSE.helloTimeout, `no hello within ${helloTimeoutMs} ms`)
  }, helloTimeoutMs)
  return {
    receive(text) {
      if (greeted) return peer?.receive(text)
      greeted = true
      clearTimeout(timer)
      peer = greet(store, socket, scope, text)
    },
    alive: () => peer?.alive(),
    closed() {
      clearTimeout(timer)
      failpoint('connection.closed')
      peer?.closed()
    },
  }
}
