import {
  CLOSE,
  ErrorBody,
  type FromAgent,
  PROTOCOL_VERSION,
  ProtocolError,
  parse,
  parseJson,
  parseToAgent,
  type ToAgent,
} from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import type { Times } from '../times.ts'
import { backoffMs } from './backoff.ts'
import { openSocket, type Socket } from './socket.ts'
import type { StoreAddress } from './token.ts'

export interface ConnectionListener {
  /** The store has welcomed this agent, first or again. */
  onWelcome(): void
  onMessage(message: ToAgent): void
  /** The store said what this agent cannot read; it is left aside. */
  onOdd(error: Error): void
  /** The line broke; another try follows in `retryMs`. */
  onLost(reason: string, retryMs: number): void
  /** The store will not have this agent: no further try follows. */
  onStopped(error: AgentError): void
}

export interface Connection {
  /** False when the message could not be sent now. */
  send(text: string): boolean
  /** Ends it for good; resolves when what was sent has left, at the latest after a second. */
  close(): Promise<void>
}

export interface ConnectionSettings {
  readonly address: StoreAddress
  readonly instance: string
  readonly times: Times
  /** Uniform in [0, 1). */
  readonly random: () => number
}

// A connection that holds this long was a good one; before, a store that lets in and cuts at once is not hammered.
const HEALTHY_MS = 60_000

// Longest wait for the other side's closing handshake.
const CLOSE_MS = 1000

const REASONS: Readonly<Record<number, string>> = {
  401: 'the store does not know this token',
  403: 'this token may not connect an agent to this store, or not under this address',
  426: `the store speaks another version than ${PROTOCOL_VERSION}: update the one that is older`,
  409: 'another connection of this kernel has taken over',
}

/** Why a close code or an HTTP status is final; undefined when another try may help. */
export function refusalOf(code: number, said: string): AgentError | undefined {
  // Close codes are 4000 + the HTTP status that says the same.
  const status = code >= 4000 ? code - 4000 : code
  const final: readonly number[] = [CLOSE.unauthorized, CLOSE.forbidden, CLOSE.version, CLOSE.replaced]
  const reason = REASONS[status]
  if (!final.includes(4000 + status) || reason === undefined) return undefined
  return new AgentError('E_REFUSED', 'store', 'to be let in', `${status}, ${reason}${said === '' ? '' : ` (${said})`}`)
}

const isUnknownToken = (code: number): boolean => code === 401 || code === CLOSE.unauthorized

/** A connection that is made again, for ever, with full jitter from 0.5 s to 30 s, until it is closed or refused for good. */
export function openConnection(settings: ConnectionSettings, listener: ConnectionListener): Connection {
  const { address, times } = settings
  let socket: Socket | undefined
  let welcomed = false
  let wasWelcomed = false
  let token = address.token
  let closed = false
  let tries = 0
  let aliveAt = 0
  let welcomedAt = 0
  let timer: NodeJS.Timeout | undefined
  let onEnd: (() => void) | undefined

  const later = (ms: number, action: () => void): void => {
    timer = setTimeout(action, ms)
    timer.unref()
  }
  const stop = (error: AgentError): void => {
    closed = true
    listener.onStopped(error)
  }
  // A certificate may be renewed while trials run. Before the first welcome nothing is lost by saying what is wrong.
  const onUntrusted = (problem: string): void => {
    if (wasWelcomed) return lost(1006, problem)
    stop(new AgentError('E_CERTIFICATE', address.httpUrl, 'a store that this machine trusts', problem))
  }
  const lost = (code: number, said: string): void => {
    if (welcomed && performance.now() - welcomedAt > HEALTHY_MS) tries = 0
    socket = undefined
    welcomed = false
    clearTimeout(timer)
    onEnd?.()
    if (closed) return
    const refusal = refusalOf(code, said)
    // A token that was replaced meanwhile is read again, once: the new one is either known or not.
    if (refusal !== undefined && !(isUnknownToken(code) && address.renew?.(token))) return stop(refusal)
    const retryMs = backoffMs(times.reconnect, tries++, settings.random())
    listener.onLost(said || `code ${code}`, retryMs)
    later(retryMs, open)
  }
  const watch = (): void => {
    if (!welcomed || performance.now() - aliveAt > times.deadMs) socket?.terminate()
    else socket?.ping()
    later(times.pingMs, watch)
  }
  const onText = (text: string): void => {
    const message = readMessage(text, listener)
    if (message === undefined) return
    if (message.type === 'welcome') {
      welcomed = wasWelcomed = true
      welcomedAt = performance.now()
      listener.onWelcome()
    } else listener.onMessage(message)
  }
  const open = (): void => {
    token = address.token
    socket = openSocket(address.socketUrl, token, times.handshakeMs, {
      onOpen() {
        aliveAt = performance.now()
        const hello: FromAgent = {
          type: 'hello',
          version: PROTOCOL_VERSION,
          role: 'agent',
          instance: settings.instance,
        }
        socket?.send(JSON.stringify(hello))
        later(times.pingMs, watch)
      },
      onText,
      onAlive: () => {
        aliveAt = performance.now()
      },
      onUntrusted,
      onRefused: (status, body) => lost(status, messageIn(body)),
      onClosed: lost,
    })
  }
  open()
  return {
    send(text) {
      if (!welcomed || socket === undefined) return false
      socket.send(text)
      return true
    },
    close() {
      closed = true
      clearTimeout(timer)
      if (socket === undefined) return Promise.resolve()
      socket.close()
      return new Promise((resolve) => {
        onEnd = resolve
        later(CLOSE_MS, () => {
          socket?.terminate()
          resolve()
        })
      })
    },
  }
}

function readMessage(text: string, listener: ConnectionListener): ToAgent | undefined {
  try {
    return parseToAgent(text)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    listener.onOdd(error)
    return undefined
  }
}

// A store's error says why; a proxy's page does not help.
function messageIn(body: string): string {
  try {
    const { error } = parseJson(body) as { error?: unknown }
    return parse(ErrorBody, error).message
  } catch {
    return ''
  }
}
