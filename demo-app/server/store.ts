import {
  CLOSE,
  type CurrentModel,
  type DemoTask,
  type FromDemo,
  PROTOCOL_VERSION,
  parseToDemo,
  type ToDemo,
} from '@pawprint/protocol'
import { dial, type Socket } from './sockets.ts'

/** First and longest bound of the random wait before another try, in ms; the bound doubles with each try. */
const RETRY_FIRST_MS = 500
const RETRY_LONGEST_MS = 30_000

/** Wait before try number `tries` (from 1), in ms. `random`: 0 ≤ x < 1; full jitter, so that many demos do not come back at once. */
export const retryWaitMs = (tries: number, random: number): number =>
  random * Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (tries - 1))

export interface StoreLinkOptions {
  /** `ws:` or `wss:`; a bare address means its `/ws`. */
  readonly url: URL
  /** Asked at each try: the store may write its token file after the demo was started. */
  readonly token: () => Promise<string | null>
  readonly instance: string
  readonly tasks: () => DemoTask[]
  readonly onDeployed: (current: CurrentModel) => void
  readonly random: () => number
  readonly log: (line: string) => void
}

const servingOf = ({ task, served, refused }: DemoTask): FromDemo => ({
  type: 'serving',
  task,
  sha1: served?.sha1 ?? null,
  error: refused?.error ?? null,
})

const FINAL_CODES: readonly number[] = [CLOSE.unauthorized, CLOSE.forbidden, CLOSE.version]
const isFinal = (code: number, status: number | null): boolean =>
  status === 401 || status === 403 || FINAL_CODES.includes(code)

/** Words of Node's and OpenSSL's errors about certificates. */
const TLS = /certificate|altnames/i
const TRUST =
  "Start the demo with NODE_EXTRA_CA_CERTS=FILE, where FILE holds the certificate of whoever signed the store's, and a --store address that it is for."

function unreachable(message: never): never {
  throw new Error(`no such message: ${JSON.stringify(message)}`)
}

const endpointOf = (url: URL): URL => (url.pathname === '/' ? new URL('/ws', url) : url)

/** A connection to the store that comes back for ever; only a refusal (401, 403, another protocol version) ends the tries. */
export class StoreLink {
  private readonly options: StoreLinkOptions
  private socket: Socket | null = null
  private isWelcome = false
  private isClosed = false
  private tries = 0
  private secret: string | null = null
  /** What was said last of a store that could not be reached, so that it is said once. */
  private told = ''
  private timer: NodeJS.Timeout | undefined

  constructor(options: StoreLinkOptions) {
    this.options = options
    this.connect()
  }

  /** Tells what is served now. Without a connection nothing is kept: the next one begins with all tasks. */
  report(task: DemoTask): void {
    if (this.isWelcome) this.send(servingOf(task))
  }

  close(): void {
    this.isClosed = true
    clearTimeout(this.timer)
    this.socket?.close(1000, 'the demo ends')
  }

  private send(message: FromDemo): void {
    this.socket?.send(JSON.stringify(message))
  }

  private connect(): void {
    this.open().catch((error: unknown) => this.onClose(0, String(error), null))
  }

  private async open(): Promise<void> {
    const { url, token, instance } = this.options
    this.secret = await token()
    if (this.isClosed) return
    this.socket = dial(endpointOf(url), this.secret, {
      onOpen: () => this.send({ type: 'hello', version: PROTOCOL_VERSION, role: 'demo', instance }),
      onText: (text) => this.onText(text),
      onClose: (code, reason, status) => this.onClose(code, reason, status),
    })
  }

  private onText(text: string): void {
    try {
      this.onMessage(parseToDemo(text))
    } catch (error) {
      this.options.log(`A message of the store could not be read: ${error instanceof Error ? error.message : error}`)
      this.socket?.close(CLOSE.badMessage, 'unreadable')
    }
  }

  private onMessage(message: ToDemo): void {
    const { url, tasks, onDeployed, log } = this.options
    switch (message.type) {
      case 'welcome':
        this.isWelcome = true
        this.tries = 0
        log(`Connected to the store at ${url.host}.`)
        for (const task of tasks()) this.send(servingOf(task))
        return
      case 'deployed':
        onDeployed(message.current)
        return
      case 'refused':
        log(`The store refused a message: ${message.error.message}`)
        return
      default:
        unreachable(message)
    }
  }

  private onClose(code: number, reason: string, status: number | null): void {
    const { url, log, random } = this.options
    if (this.isWelcome) log(`The store at ${url.host} is away (${reason || code}).`)
    else if (TLS.test(reason) && reason !== this.told) {
      this.told = reason
      log(`The store at ${url.host} is not trusted here (${reason}). ${TRUST}`)
    }
    this.socket = null
    this.isWelcome = false
    if (this.isClosed) return
    if (!isFinal(code, status)) return this.later(retryWaitMs(++this.tries, random()))
    this.reconsider(reason || `${code}`).catch((error: unknown) => log(String(error)))
  }

  /** After a refusal: a token that was replaced in its file meanwhile is tried, any other refusal is the end. */
  private async reconsider(reason: string): Promise<void> {
    const { url, log, token } = this.options
    const refused = this.secret
    const fresh = await token()
    if (this.isClosed) return
    if (fresh !== null && fresh !== refused) return this.later(0)
    log(`The store at ${url.host} refuses this demo (${reason}). Check the token, then start again.`)
  }

  private later(ms: number): void {
    this.timer = setTimeout(() => this.connect(), ms)
  }
}
