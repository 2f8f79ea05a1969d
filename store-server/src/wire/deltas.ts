import type { Store } from '../service/context.ts'
import type { Change } from '../service/hub.ts'
import { messagesOf } from './snapshot.ts'
import type { Socket } from './socket.ts'

/** Changes on their way to one page. */
export interface Deltas {
  add(change: Change): void
  end(): void
}

function sendAll(store: Store, socket: Socket, due: Map<string, Change>): void {
  const batch = [...due.values()]
  due.clear()
  for (const change of batch) for (const message of messagesOf(store, change)) socket.send(JSON.stringify(message))
}

/**
 * Those of one thing become one message with its latest value; trials and queues go at most ten times a second, the rest at
 * once, and all of it only while the page is ready (pace.ts).
 */
export function createDeltas(store: Store, socket: Socket, isReady: () => boolean): Deltas {
  const changes = new Map<string, Change>()
  const lazy = new Map<string, Change>()
  let timer: NodeJS.Timeout | null = null

  const onTimer = () => {
    timer = null
    if (!isReady()) return arm()
    sendAll(store, socket, changes)
    sendAll(store, socket, lazy)
  }
  const arm = () => {
    timer ??= setTimeout(onTimer, store.times.coalesceMs)
  }
  return {
    add(change) {
      const key = JSON.stringify(change)
      if (change.type === 'trial' || change.type === 'queue') {
        lazy.set(key, change)
        return arm()
      }
      if (change.type === 'cleared') changes.clear()
      // A job's message holds all of its trials.
      if (change.type === 'job')
        for (const [of, due] of lazy) if (due.type === 'trial' && due.job === change.job) lazy.delete(of)
      changes.set(key, change)
      if (isReady()) sendAll(store, socket, changes)
      else arm()
    },
    end() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
