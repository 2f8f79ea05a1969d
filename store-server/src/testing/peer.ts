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
  close(): Promise<unknown>
  /** Cuts the connection without a goodbye, as a lost network does. */
  cut(): Promise<unknown>
}

interface Waiter<T> {
  fits(message: T): boolean
  resolve(message: T): void
  reject(error: Error): void
}

/** Opens a WebSocket with a bearer token (none when empty). Rejects with the HTTP status when the upgrade is refused. */
export async function openPeer<T extends { type: string }>(
  url: string,
  token: string,
  parse: (text: string) => T,
  { autoPong = true, headers = {} }: { autoPong?: boolean; headers?: Readonly<Record<string, string>> } = {},
): Promise<TestPeer<T>> {
  const ws = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
    autoPong,
  })
  const waiting: T[] = []
  const waiters = new Set<Waiter<T>>()
  ws.on('message', (data) => {
    const message = parse(data.toString())
    for (const waiter of waiters) {
      if (!waiter.fits(message)) continue
      waiters.delete(waiter)
      return waiter.resolve(message)
    }
    waiting.push(message)
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    ws.on('close', (code, reason) => {
      for (const waiter of waiters) waiter.reject(new Error(`closed with ${code} ${reason.toString()}`))
      waiters.clear()
      resolve({ code, reason: reason.toString() })
    })
  })
  await new Promise<void>((resolve, reject) => {
    ws.on('open', resolve)
    ws.on('error', reject)
  })
  return {
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next(type, fits = () => true) {
      type Wanted = Extract<T, { type: typeof type }>
      const isWanted = (message: T): message is Wanted => message.type === type && fits(message as Wanted)
      const at = waiting.findIndex(isWanted)
      if (at >= 0) return Promise.resolve(waiting.splice(at, 1)[0] as Wanted)
      return new Promise<Wanted>((resolve, reject) => {
        waiters.add({ fits: isWanted, resolve: (message) => resolve(message as Wanted), reject })
      })
    },
    waiting,
    closed,
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
