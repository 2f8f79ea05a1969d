import { type FromPage, parseFromPage, type ToPage } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Store } from '../service/context.ts'
import { createDeltas } from './deltas.ts'
import { type Follow, follow } from './follow.ts'
import { createPace } from './pace.ts'
import { refuseMessage } from './refusing.ts'
import { snapshotOf } from './snapshot.ts'
import type { Peer, Socket } from './socket.ts'

/** Jobs that one page may follow at one time. */
const MAX_FOLLOWS = 16

/** The store's end of a page's connection: a snapshot, then what changes; log and curves of the jobs it follows. */
export function openPage(store: Store, socket: Socket): Peer {
  const send = (message: ToPage) => socket.send(JSON.stringify(message))
  const snapshot = snapshotOf(store)
  send(snapshot)
  const isReady = createPace(socket, socket.bufferedBytes())
  const deltas = createDeltas(store, socket, isReady, snapshot.jobs)
  const follows = createFollows(store, socket, isReady)
  const unsubscribe = store.hub.subscribe((change) => {
    if (change.type === 'cleared') follows.end()
    deltas.add(change)
  })
  const ping = setInterval(() => send({ type: 'ping' }), store.times.pingIntervalMs)
  return {
    receive(text) {
      try {
        const message = parseFromPage(text)
        if (message.type !== 'hello') follows.take(message)
      } catch (error) {
        refuseMessage(store, socket, text, error)
      }
    },
    alive() {},
    closed() {
      clearInterval(ping)
      unsubscribe()
      deltas.end()
      follows.end()
    },
  }
}

/** The jobs that one page follows. */
function createFollows(store: Store, socket: Socket, isReady: () => boolean) {
  const follows = new Map<string, Follow>()
  return {
    take(message: Exclude<FromPage, { type: 'hello' }>) {
      const { job } = message
      follows.get(job)?.end()
      follows.delete(job)
      if (message.type === 'unfollow') return
      if (!store.jobs.has(job)) throw new StoreError('E_NOT_FOUND', 'job', 'a known job', job)
      if (follows.size >= MAX_FOLLOWS)
        throw new StoreError('E_STATE', 'follow', `at most ${MAX_FOLLOWS} jobs`, 'one more')
      follows.set(job, follow(store, socket, isReady, job, { log: message.afterLog, metric: message.afterMetric }))
    },
    end() {
      for (const one of follows.values()) one.end()
      follows.clear()
    },
  }
}
