import { WebSocket } from 'ws'

/** One scripted end of a connection. Messages that nobody has asked for yet wait in order. */
export interface TestPeer<T extends { type: string }> {
  send(message: unknown): void
  /** The oldest waiting message of this type that fits; waits for one to come. Rejects when the connection is over. */
  next<K extends T['type']>(
    type: K,
    fits?: (message: Extract<T, { type: K }>) => boolean,
  ): Promise<Extract<T, { type: K }>>
  /** What came and was not taken by `next`. */
  readonly waiting: readonly T[]
  /** Resolves with code and reason once the connection is over. */
  readonly closed: Promise<{ code: number; reason: string }>
  /** Reads nothing more, pings included, until `resume`. */
  pause(): void
  resume(): void
  close(): Promise<unknown>
  /** Cuts the connection without a goodbye, as a lost network does. */
  cut(): Promise<unknown>
}

interface Waiter<T> {
  fits(message: T): boolean
  resolve(message: T): void
  reject(error: Error): void
}

/** Messages that came, for those who ask for them. */
function createInbox<T extends { type: string }>() {
  const waiting: T[] = []
  const waiters = new Set<Waiter<T>>()
  return {
    waiting,
    put(message: T) {
      const waiter = [...waiters].find(({ fits }) => fits(message))
      if (!waiter) return void waiting.push(message)
      waiters.delete(waiter)
      waiter.resolve(message)
    },
    end(error: Error) {
      for (const waiter of waiters) waiter.reject(error)
      waiters.clear()
    },
    next<K extends T['type']>(type: K, fits: (message: Extract<T, { type: K }>) => boolean = () => true) {
      type Wanted = Extract<T, { type: K }>
      const isWanted = (message: T): message is Wanted => message.type === type && fits(message as Wanted)
      const at = waiting.findIndex(isWanted)
      if (at >= 0) return Promise.resolve(waiting.splice(at, 1)[0] as Wanted)
      return new Promise<Wanted>((resolve, reject) => {
        waiters.add({ fits: isWanted, resolve: (message) => resolve(message as Wanted), reject })
      })
    },
  }
}

export interface PeerOptions {
  /** Whether pings are answered; default true. */
  readonly autoPong?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

/** Opens a WebSocket with a bearer token (none when empty). Rejects with the HTTP status when the upgrade is refused. */
export async function openPeer<T extends { type: string }>(
  url: string,
  token: string,
  parse: (text: string) => T,
  { autoPong = true, headers = {} }: PeerOptions = {},
): Promise<TestPeer<T>> {
  const credential = token === '' ? {} : { authorization: `Bearer ${token}` }
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers: { ...credential, ...headers }, autoPong })
  const inbox = createInbox<T>()
  ws.on('message', (data) => inbox.put(parse(data.toString())))
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => {
      inbox.end(new Error(`closed with ${code} ${reason.toString()}`))
      resolve({ code, reason: reason.toString() })
    })
  })
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve)
    ws.on('error', reject)
  })
  return {
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: inbox.next,
    waiting: inbox.waiting,
    closed,
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    close() {
      ws.close()
      return closed
    },
    cut() {
      ws.terminate()
      return closed
    },
  }
}
