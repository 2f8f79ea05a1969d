import type { Job } from '@pawprint/protocol'
import type { Store } from '../service/context.ts'
import type { Change } from '../service/hub.ts'
import { messagesOf } from './snapshot.ts'
import type { Socket } from './socket.ts'

/** Changes on their way to one page. */
export interface Deltas {
  add(change: Change): void
  end(): void
}

/** The places in queues that a page was told: when a long queue moves, only jobs with another place are news. */
function createPlaces(jobs: readonly Job[]): (job: Job) => boolean {
  const places = new Map<string, number>()
  const note = ({ id, position }: Job): boolean => {
    const isNew = places.get(id) !== position
    if (position === undefined) places.delete(id)
    else places.set(id, position)
    return isNew
  }
  for (const job of jobs) note(job)
  return note
}

/**
 * Those of one thing become one message with its latest value; trials and queues go at most ten times a second, the rest at
 * once, and all of it only while the page is ready (pace.ts). `jobs` are those that the page has.
 */
export function createDeltas(store: Store, socket: Socket, isReady: () => boolean, jobs: readonly Job[]): Deltas {
  const isMoved = createPlaces(jobs)
  const changes = new Map<string, Change>()
  const lazy = new Map<string, Change>()
  let timer: NodeJS.Timeout | null = null

  const sendAll = (due: Map<string, Change>) => {
    const batch = [...due.values()]
    due.clear()
    for (const change of batch)
      for (const message of messagesOf(store, change)) {
        const isNews = message.type !== 'job' || isMoved(message.job) || change.type !== 'queue'
        if (isNews) socket.send(JSON.stringify(message))
      }
  }
  const onTimer = () => {
    timer = null
    if (!isReady()) return arm()
    sendAll(changes)
    sendAll(lazy)
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
      if (isReady()) sendAll(changes)
      else arm()
    },
    end() {
      if (timer) clearTimeout(timer)
      timer = null
    },
  }
}
