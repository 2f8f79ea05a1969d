import { CLOSE, PROTOCOL_VERSION, parseHello } from '@pawprint/protocol'
import { reaches, type Scope } from '../core/gate.ts'
import { type Store, timeOf } from '../service/context.ts'
import { openAgent } from './agent.ts'
import { openDemo } from './demo.ts'
import { openPage } from './page.ts'
import { refuseMessage } from './refusing.ts'
import type { Peer, Socket } from './socket.ts'

type Hello = ReturnType<typeof parseHello>

const NEEDS = { agent: 'agent', page: 'viewer', demo: 'viewer' } as const

/**
 * A new connection: it must say hello within the hello timeout, in this version, in a role that its token reaches. Then the role's
 * own peer takes over. Close codes: 4400, 4403, 4408, 4426.
 */
export function openConnection(store: Store, socket: Socket, scope: Scope): Peer {
  let peer: Peer | null = null
  let over = false
  const timer = setTimeout(
    () => socket.close(CLOSE.helloTimeout, `no hello within ${store.times.helloTimeoutMs} ms`),
    store.times.helloTimeoutMs,
  )
  const end = (code: number, reason: string): null => {
    over = true
    clearTimeout(timer)
    socket.close(code, reason)
    return null
  }

  function greet(text: string): Peer | null {
    let hello: Hello
    try {
      hello = parseHello(text)
    } catch (error) {
      refuseMessage(store, socket, text, error)
      return end(CLOSE.badMessage, 'the first message must be hello')
    }
    if (hello.version !== PROTOCOL_VERSION)
      return end(CLOSE.version, `protocol versions ${PROTOCOL_VERSION} to ${PROTOCOL_VERSION}, got ${hello.version}`)
    if (!reaches(scope, NEEDS[hello.role])) return end(CLOSE.forbidden, `role ${hello.role} needs another token`)
    if (hello.role !== 'page' && hello.instance === undefined)
      return end(CLOSE.badMessage, `hello of role ${hello.role} needs an instance`)
    clearTimeout(timer)
    socket.send(JSON.stringify({ type: 'welcome', version: PROTOCOL_VERSION, now: timeOf(store), scope }))
    if (hello.role === 'page') return openPage(store, socket)
    return hello.role === 'agent' ? openAgent(store, socket, hello.instance ?? '') : openDemo(store, socket)
  }

  return {
    receive(text) {
      if (over) return
      if (peer) peer.receive(text)
      else peer = greet(text)
    },
    alive: () => peer?.alive(),
    closed() {
      over = true
      clearTimeout(timer)
      peer?.closed()
    },
  }
}
