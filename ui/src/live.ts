import { CLOSE, DEAD_AFTER_MS } from '@pawprint/protocol'
import { browserSocket, type Clock, type LiveSocket, type OpenSocket, systemClock } from './socket.ts'

/** First and longest bound of the random wait before another try, in ms. The bound doubles with each try. */
export const RETRY_FIRST_MS = 500
export const RETRY_LONGEST_MS = 30_000

/** Times in ms since 1970. `unauthorized` and `version` are final until `tryNow`: trying again would not help. */
export type LiveStatus =
  | { readonly type: 'connecting' }
  | { readonly type: 'connected' }
  | { readonly type: 'lost'; readonly sinceMs: number; readonly nextTryMs: number }
  | { readonly type: 'unauthorized'; readonly reason: string }
  | { readonly type: 'version'; readonly reason: string }

export interface LiveOptions<Message extends { readonly type: string }> {
  readonly url: string
  /** Throws for a message that does not fit; the connection is then closed and tried again. */
  readonly parse: (text: string) => Message
  /** First message, sent when the socket opens. */
  readonly hello?: unknown
  /** Every message but `ping`, in order. */
  readonly onMessage: (message: Message) => void
  readonly onStatus: (status: LiveStatus) => void
  /**
   * HTTP status of a call that needs the same right, asked when a socket fails before it opens: browsers hide a refused
   * upgrade's status. 401 and 403 stop the tries. May throw. Default: never asked.
   */
  readonly probe?: () => Promise<number>
  /** Silence, in ms, after which the connection counts as dead. Default 45,000. */
  readonly deadAfterMs?: number
  readonly clock?: Clock
  /** 0 ≤ x < 1. Default Math.random. */
  readonly random?: () => number
  readonly openSocket?: OpenSocket
}

export interface Live {
  /** Sends at once; false when there is no connection, and then nothing is kept. */
  send(message: unknown): boolean
  /** Ends the wait, or the standstill after a refusal. */
  tryNow(): void
  close(): void
}

/** Wait before try number `tries` (from 1), in ms: full jitter, so that many pages do not come back at once. */
export const retryWaitMs = (tries: number, random: number): number =>
  random * Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (tries - 1))

/**
 * A WebSocket that comes back for ever. It counts as connected from its first message on. A server shows that it can be
 * timed by sending `{"type":"ping"}` now and then (browsers do not show the protocol's own pings): after the first one,
 * silence is death.
 */
export function openLive<Message extends { readonly type: string }>(options: LiveOptions<Message>): Live {
  const connection = new Connection(options)
  connection.start()
  return {
    send: (message) => connection.send(message),
    tryNow: () => connection.tryNow(),
    close: () => connection.stop(),
  }
}

class Connection<Message extends { readonly type: string }> {
  private readonly options: LiveOptions<Message>
  private readonly clock: Clock
  private socket: LiveSocket | null = null
  /** Tells late events of an earlier socket from those of the present one. */
  private generation = 0
  private opened = false
  private connected = false
  private timed = false
  private tries = 0
  private lostSinceMs: number | null = null
  private cancelTimer: () => void = () => {}

  constructor(options: LiveOptions<Message>) {
    this.options = options
    this.clock = options.clock ?? systemClock
  }

  start(): void {
    const generation = this.renew()
    if (this.lostSinceMs === null) this.options.onStatus({ type: 'connecting' })
    const mine = (run: () => void) => {
      if (generation === this.generation) run()
    }
    this.socket = (this.options.openSocket ?? browserSocket)(this.options.url, {
      open: () => mine(() => this.onOpen()),
      message: (text) => mine(() => this.onText(text)),
      close: (code, reason) => mine(() => this.onClose(code, reason)),
    })
    this.watchSilence()
  }

  send(message: unknown): boolean {
    if (!this.opened) return false
    this.socket?.send(JSON.stringify(message))
    return true
  }

  tryNow(): void {
    if (!this.connected) this.start()
  }

  stop(): void {
    this.renew()
  }

  /** Forgets the present socket and timer. */
  private renew(): number {
    this.cancelTimer()
    this.opened = this.connected = this.timed = false
    this.generation += 1
    const before = this.socket
    this.socket = null
    before?.close()
    return this.generation
  }

  private onOpen(): void {
    this.opened = true
    if (this.options.hello !== undefined) this.send(this.options.hello)
  }

  private onText(text: string): void {
    let message: Message
    try {
      message = this.options.parse(text)
    } catch (error) {
      // Going on would leave a hole in what the page shows; a new snapshot does not. Said aloud for whoever looks.
      console.error('A message of the server could not be read.', error)
      this.lose()
      return
    }
    // A refusal is a message, too: the close code that follows says more.
    if (!this.connected && message.type !== 'refused') this.onFirst()
    if (message.type === 'ping') this.timed = true
    this.watchSilence()
    if (message.type !== 'ping') this.options.onMessage(message)
  }

  private onFirst(): void {
    this.connected = true
    this.tries = 0
    this.lostSinceMs = null
    this.options.onStatus({ type: 'connected' })
  }

  private watchSilence(): void {
    this.cancelTimer()
    if (this.connected && !this.timed) return
    this.cancelTimer = this.clock.after(this.options.deadAfterMs ?? DEAD_AFTER_MS, () => this.lose())
  }

  private onClose(code: number, reason: string): void {
    if (code === CLOSE.unauthorized || code === CLOSE.forbidden) this.refuse('unauthorized', reason)
    else if (code === CLOSE.version) this.refuse('version', reason)
    else {
      const { probe } = this.options
      const asks = !this.opened && probe !== undefined
      this.lose()
      if (asks) this.ask(probe)
    }
  }

  private ask(probe: () => Promise<number>): void {
    const { generation } = this
    const heard = (status: number) => {
      if (generation === this.generation && (status === 401 || status === 403)) this.refuse('unauthorized', `${status}`)
    }
    // A probe that fails says only what is known already: nobody answers.
    probe().then(heard, () => {})
  }

  private refuse(type: 'unauthorized' | 'version', reason: string): void {
    this.renew()
    this.lostSinceMs = null
    this.options.onStatus({ type, reason })
  }

  private lose(): void {
    this.renew()
    const nowMs = this.clock.now()
    this.lostSinceMs ??= nowMs
    this.tries += 1
    const waitMs = retryWaitMs(this.tries, (this.options.random ?? Math.random)())
    this.cancelTimer = this.clock.after(waitMs, () => this.start())
    this.options.onStatus({ type: 'lost', sinceMs: this.lostSinceMs, nextTryMs: nowMs + waitMs })
  }
}
