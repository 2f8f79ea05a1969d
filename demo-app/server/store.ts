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

export interface StoreLink {
  /** Tells what is served now; kept for the next connection by being asked again then. */
  report(task: DemoTask): void
  close(): void
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

function unreachable(message: never): never {
  throw new Error(`no such message: ${JSON.stringify(message)}`)
}

const endpointOf = (url: URL): URL => (url.pathname === '/' ? new URL('/ws', url) : url)

/** A connection to the store that comes back for ever; only a refusal (401, 403, another protocol version) ends the tries. */
export function followStore(options: StoreLinkOptions): StoreLink {
  const { random, log } = options
  let socket: Socket | null = null
  let isWelcome = false
  let isClosed = false
  let tries = 0
  let timer: NodeJS.Timeout | undefined

  const send = (message: FromDemo): void => socket?.send(JSON.stringify(message))

  function onMessage(message: ToDemo): void {
    switch (message.type) {
      case 'welcome':
        isWelcome = true
        tries = 0
        log(`Connected to the store at ${options.url.host}.`)
        for (const task of options.tasks()) send(servingOf(task))
        return
      case 'deployed':
        options.onDeployed(message.current)
        return
      case 'refused':
        log(`The store refused a message: ${message.error.message}`)
        return
      default:
        unreachable(message)
    }
  }

  function onText(text: string): void {
    try {
      onMessage(parseToDemo(text))
    } catch (error) {
      log(`A message of the store could not be read: ${error instanceof Error ? error.message : String(error)}`)
      socket?.close(CLOSE.badMessage, 'unreadable')
    }
  }

  function onClose(code: number, reason: string, status: number | null): void {
    socket = null
    if (isWelcome) log(`The store at ${options.url.host} is away (${reason || code}).`)
    isWelcome = false
    if (isClosed) return
    if (isFinal(code, status)) {
      log(
        `The store at ${options.url.host} refuses this demo (${reason || status || code}). Check the token, then start again.`,
      )
      return
    }
    tries++
    timer = setTimeout(connect, retryWaitMs(tries, random()))
  }

  async function open(): Promise<void> {
    const token = await options.token()
    if (isClosed) return
    socket = dial(endpointOf(options.url), token, { onOpen: hello, onText, onClose })
  }
  const hello = (): void => send({ type: 'hello', version: PROTOCOL_VERSION, role: 'demo', instance: options.instance })
  function connect(): void {
    open().catch((error: unknown) => onClose(0, String(error), null))
  }

  connect()
  return {
    report: (task) => {
      if (isWelcome) send(servingOf(task))
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      socket?.close(1000, 'the demo ends')
    },
  }
}
