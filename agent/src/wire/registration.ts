import {
  type AttemptRef,
  type DataReport,
  type ErrorBody,
  type Field,
  FromAgent,
  parse,
  type Task,
  type ToAgent,
} from '@pawprint/protocol'
import { AgentError } from '../errors.ts'

/** What a notebook offers, as the store sees it. */
export interface Offer {
  readonly name: string
  readonly task: Task
  readonly schema: readonly Field[]
  readonly data?: DataReport
  readonly engine: string
}

/** Who this kernel is. */
export interface Identity {
  readonly instance: string
  readonly host: string
  readonly pid: number
  readonly cores: number
  readonly slots: number
}

type Registered = Extract<ToAgent, { type: 'registered' }>
type Held = Extract<ToAgent, { type: 'held' }>

export interface RegistrationSettings {
  readonly identity: Identity
  readonly nextId: () => string
  /** False when it cannot be sent now. */
  readonly send: (message: FromAgent) => boolean
  /** Attempts that the agent still works on. */
  readonly attempts: () => AttemptRef[]
  /** Whether a process of this machine lives. */
  readonly isAlive: (pid: number) => boolean
  readonly onRegistered: (message: Registered) => void
  /** Something a person should read. */
  readonly tell: (text: string) => void
}

/** Keeps the notebook's name at the store: asks for it, waits for it, and asks again after each reconnect. */
export interface Registration {
  readonly name: string | null
  /** Whether the store knows this connection's notebook: before, nothing else may be sent. */
  readonly isActive: boolean
  /** Resolves when the store has taken it; rejects with AgentError E_STORE when it refuses, E_CLOSED after `close`. */
  offer(offer: Offer): Promise<void>
  onWelcome(): void
  onLost(): void
  /** False when the message is none of its own. */
  onMessage(message: ToAgent): boolean
  close(reason: AgentError): void
}

interface Waiter {
  readonly resolve: () => void
  readonly reject: (error: AgentError) => void
}

/** Until a notebook asks again that was refused after a reconnect. */
const AGAIN_MS = 30_000

export function createRegistration(settings: RegistrationSettings): Registration {
  const { identity } = settings
  let offer: Offer | undefined
  let taken: { readonly offer: Offer | undefined; readonly name: string | null } = { offer: undefined, name: null }
  let name: string | null = null
  let asked: string | undefined
  let active = false
  let timer: NodeJS.Timeout | undefined
  let waiters: Waiter[] = []

  const ask = (replaces?: string): void => {
    clearTimeout(timer)
    if (offer === undefined) return
    const id = settings.nextId()
    const message = parse(FromAgent, {
      type: 'register',
      id,
      ...offer,
      ...identity,
      // A name that the store gave is asked for again, so that a job stays with its notebook.
      name: name ?? offer.name,
      attempts: settings.attempts(),
      ...(replaces === undefined ? {} : { replaces }),
    })
    if (settings.send(message)) asked = id
  }
  const settle = (action: (waiter: Waiter) => void): void => {
    const settled = waiters
    waiters = []
    settled.forEach(action)
  }
  const onRegistered = (message: Registered): void => {
    const before = name
    active = true
    name = message.name
    taken = { offer, name }
    if (before !== name) settings.tell(greeting(offer?.name ?? name, name))
    settings.onRegistered(message)
    settle(({ resolve }) => resolve())
  }
  const onHeld = ({ by, retryAfterMs }: Held): void => {
    if (by.host === identity.host && !settings.isAlive(by.pid)) {
      ask(by.instance)
      return
    }
    settings.tell(`${offer?.name} is held by an unreachable kernel, taking over in ${Math.ceil(retryAfterMs / 1000)} s`)
    timer = setTimeout(() => ask(), retryAfterMs)
    timer.unref()
  }

  const onRefused = ({ expected, got, at, message }: ErrorBody): void => {
    const error = new AgentError('E_STORE', `register ${at ?? ''}`.trim(), expected ?? 'to be taken', got ?? message)
    // What was taken before still holds.
    offer = taken.offer
    name = taken.name
    if (!active && waiters.length === 0) {
      // It was taken once, so after a reconnect nobody waits for the answer: a person should know, and it may pass.
      settings.tell(`the store does not take ${name} back, asking again in ${AGAIN_MS / 1000} s: ${error.message}`)
      timer = setTimeout(() => ask(), AGAIN_MS)
      timer.unref()
    }
    settle(({ reject }) => reject(error))
  }

  return {
    get name() {
      return name
    },
    get isActive() {
      return active
    },
    offer(next) {
      if (offer?.name !== next.name) name = null
      offer = next
      // A message that cannot be put together throws here, inside the promise, and so rejects it.
      return new Promise((resolve, reject) => {
        waiters.push({ resolve, reject })
        ask()
      })
    },
    onWelcome: () => ask(),
    onLost() {
      active = false
      asked = undefined
      clearTimeout(timer)
    },
    onMessage(message) {
      if (!('id' in message) || message.id === undefined || message.id !== asked) return false
      if (message.type === 'registered') onRegistered(message)
      else if (message.type === 'held') onHeld(message)
      else if (message.type === 'refused') onRefused(message.error)
      else return false
      return true
    },
    close(reason) {
      active = false
      clearTimeout(timer)
      settle(({ reject }) => reject(reason))
    },
  }
}

const greeting = (wanted: string, got: string): string =>
  wanted === got
    ? `${got} is registered with the store`
    : `${wanted} is the name of another live notebook: this one is registered as ${got}`
