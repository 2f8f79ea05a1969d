import { CLOSE, CUT_PAGE_BYTES, parseFromPage, SLOW_PAGE_BYTES, type ToPage } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { Store } from '../service/context.ts'
import type { Change } from '../service/hub.ts'
import { type Follow, follow } from './follow.ts'
import { refuseMessage } from './refusing.ts'
import { messageOf, snapshotOf } from './snapshot.ts'
import type { Peer, Socket } from './socket.ts'

/** Jobs that one page may follow at one time. */
const MAX_FOLLOWS = 16

/**
 * Changes on their way to one page. Those of one thing become one message with its latest value; trials go at most ten times a
 * second, the rest at once; a page with more than 1 MiB unsent is told less often, and one with more than 8 MiB is cut.
 */
function createDeltas(store: Store, socket: Socket) {
  const changes = new Map<string, Change>()
  const trials = new Map<string, Extract<Change, { type: 'trial' }>>()
  let timer: NodeJS.Timeout | null = null

  const sendAll = (due: Map<string, Change>) => {
    const batch = [...due.values()]
    due.clear()
    for (const change of batch) {
      const message = messageOf(store, change)
      if (message) socket.send(JSON.stringify(message))
    }
  }
  const isReady = () => {
    if (socket.bufferedBytes() > CUT_PAGE_BYTES) socket.close(CLOSE.tooSlow, 'too slow; say hello again')
    return socket.bufferedBytes() <= SLOW_PAGE_BYTES
  }
  const onTimer = () => {
    timer = null
    if (!isReady()) return arm()
    sendAll(changes)
    sendAll(trials)
  }
  const arm = () => {
    timer ??= setTimeout(onTimer, store.times.coalesceMs)
  }
  return {
    add(change: Change) {
      const key = JSON.stringify(change)
      if (change.type === 'trial') {
        trials.set(key, change)
        return arm()
      }
      if (change.type === 'cleared') changes.clear()
      // A job's message holds all of its trials.
      if (change.type === 'job') for (const [of, { job }] of trials) if (job === change.job) trials.delete(of)
      changes.set(key, change)
      if (isReady()) sendAll(changes)
      else arm()
    },
    end() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}

/** The store's end of a page's connection: a snapshot, then what changes; log and curves of the jobs it follows. */
export function openPage(store: Store, socket: Socket): Peer {
  const follows = new Map<string, Follow>()
  const deltas = createDeltas(store, socket)
  const send = (message: ToPage) => socket.send(JSON.stringify(message))
  send(snapshotOf(store))
  const endFollows = () => {
    for (const one of follows.values()) one.end()
    follows.clear()
  }
  const unsubscribe = store.hub.subscribe((change) => {
    if (change.type === 'cleared') endFollows()
    if (change.type === 'log' || change.type === 'metrics') follows.get(change.job)?.wake()
    else deltas.add(change)
  })
  const ping = setInterval(() => send({ type: 'ping' }), store.times.pingIntervalMs)

  function handle(text: string): void {
    const message = parseFromPage(text)
    if (message.type === 'hello') return
    follows.get(message.job)?.end()
    follows.delete(message.job)
    if (message.type === 'unfollow') return
    if (!store.jobs.has(message.job)) throw new StoreError('E_NOT_FOUND', 'job', 'a known job', message.job)
    if (follows.size >= MAX_FOLLOWS)
      throw new StoreError('E_STATE', 'follow', `at most ${MAX_FOLLOWS} jobs`, 'one more')
    follows.set(message.job, follow(store, socket, message.job, message.afterLog, message.afterMetric))
  }

  return {
    receive(text) {
      try {
        handle(text)
      } catch (error) {
        refuseMessage(store, socket, text, error)
      }
    },
    alive() {},
    closed() {
      clearInterval(ping)
      unsubscribe()
      deltas.end()
      endFollows()
    },
  }
}
