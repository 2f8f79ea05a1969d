import type { AttemptRef, FromAgent, ToAgent } from '@pawprint/protocol'
import type { AgentError } from './errors.ts'
import type { Times } from './times.ts'
import { type Connection, openConnection } from './wire/connection.ts'
import { createDelivery, type Delivery } from './wire/delivery.ts'
import { attemptKey } from './wire/letters.ts'
import { createRegistration, type Identity, type Registration } from './wire/registration.ts'
import { createReproductions, type Reproductions } from './wire/reproductions.ts'
import type { StoreAddress } from './wire/token.ts'

type Registered = Extract<ToAgent, { type: 'registered' }>

export interface SessionSettings {
  readonly address: StoreAddress
  readonly identity: Identity
  readonly times: Times
  readonly nextId: () => string
  /** ISO 8601. */
  readonly now: () => string
  readonly random: () => number
  readonly isAlive: (pid: number) => boolean
  /** Attempts under way, whether or not anything of them waits to be delivered. */
  readonly running: () => AttemptRef[]
  readonly onWelcome: () => void
  readonly onStopped: (error: AgentError) => void
  /** What is the agent's to do: run, stop, verdict, fenced. */
  readonly onMessage: (message: ToAgent) => void
  readonly tell: (text: string) => void
}

/** One agent's link to its store: connection, registration and delivery, kept up together. */
export interface Session {
  readonly registration: Registration
  readonly delivery: Delivery
  readonly reproductions: Reproductions
  /** Aborts when the connection is lost, or there again: what is under way then may be on a line that is dead. */
  line(): AbortSignal
  /** Sends what may be lost, if it can be sent now. */
  sendLight(message: FromAgent): void
  /** Says goodbye and ends the connection; resolves when that has left. */
  close(reason: AgentError): Promise<void>
}

export function openSession(settings: SessionSettings): Session {
  const { tell } = settings
  let outageTold = false
  let line = new AbortController()
  const renewLine = (): void => {
    line.abort()
    line = new AbortController()
  }
  const sendText = (text: string): boolean => registration.isActive && connection.send(text)

  const delivery = createDelivery({ ...settings, send: sendText })
  const reproductions = createReproductions(settings.nextId, sendText)
  const registration = createRegistration({
    ...settings,
    send: (message) => connection.send(JSON.stringify(message)),
    attempts: () => {
      const all = [...settings.running(), ...delivery.attempts()]
      return [...new Map(all.map((attempt) => [attemptKey(attempt), attempt])).values()]
    },
    onRegistered(message: Registered) {
      settings.onMessage(message)
      delivery.restart()
      reproductions.restart()
    },
  })
  const connection: Connection = openConnection(connectionSettings(settings), {
    onWelcome() {
      renewLine()
      if (outageTold) tell('connected to the store again')
      outageTold = false
      settings.onWelcome()
      registration.onWelcome()
    },
    onMessage(message) {
      if (registration.onMessage(message) || reproductions.onMessage(message)) return
      if (message.type === 'ack') delivery.onAck(message.id)
      else if (message.type === 'refused') onRefused(message)
      else settings.onMessage(message)
    },
    onOdd: (error) => tell(`the store said what this version does not know: ${error.message}`),
    onLost(reason) {
      renewLine()
      registration.onLost()
      if (!outageTold) tell(`no connection to the store (${reason}); trials go on, trying again`)
      outageTold = true
    },
    onStopped(error) {
      registration.onLost()
      settings.onStopped(error)
    },
  })
  const onRefused = ({ id, error }: Extract<ToAgent, { type: 'refused' }>): void => {
    if (id === undefined || !delivery.onRefused(id, error)) tell(`the store refused: ${error.message}`)
  }
  return {
    registration,
    delivery,
    reproductions,
    line: () => line.signal,
    sendLight: (message) => {
      if (registration.isActive) connection.send(JSON.stringify(message))
    },
    close(reason) {
      connection.send(JSON.stringify({ type: 'goodbye' } satisfies FromAgent))
      delivery.close()
      registration.close(reason)
      reproductions.close(reason)
      return connection.close()
    },
  }
}

const connectionSettings = ({
  address,
  identity,
  times,
  random,
}: SessionSettings): Parameters<typeof openConnection>[0] => ({
  address,
  instance: identity.instance,
  times,
  random,
})
