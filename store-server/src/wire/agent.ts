import { CLOSE, CUT_PAGE_BYTES, type FromAgent, parseFromAgent, type ToAgent } from '@pawprint/protocol'
import { keepCheckpoint } from '../service/checkpoints.ts'
import type { AgentLink, Store } from '../service/context.ts'
import { noteIdle } from '../service/idling.ts'
import { noteFound } from '../service/newData.ts'
import { publish } from '../service/publishing.ts'
import { hear, leave, register } from '../service/registering.ts'
import { cancel, fail, progress, receive } from '../service/training.ts'
import { StorageError } from '../storage/storage.ts'
import { BURST_BYTES, BYTES_PER_SECOND, createBudget } from './budget.ts'
import { refuseMessage } from './refusing.ts'
import { createReproductions } from './reproductions.ts'
import type { Peer, Socket } from './socket.ts'

/** Messages of one agent that may wait for the disk; with more, the store stops reading from it. */
const MAX_PENDING = 64
const CLOSE_TRY_AGAIN = 1013
const DISK_TROUBLE: readonly StorageError['code'][] = ['E_WRITE', 'E_NO_SPACE', 'E_CORRUPT']

/**
 * The store's end of an agent's connection. Messages are taken in the order they come; each is acknowledged when it is on disk.
 * When the disk refuses, nothing is acknowledged or refused: the connection is closed with 1013 and the agent sends again later.
 */
export function openAgent(store: Store, socket: Socket, instance: string): Peer {
  const send = (message: ToAgent) => {
    if (socket.bufferedBytes() > CUT_PAGE_BYTES) socket.close(CLOSE.tooSlow, 'too slow; register again')
    else socket.send(JSON.stringify(message))
  }
  const link: AgentLink = { instance, notebook: null, ready: false, send, close: socket.close }
  const reproductions = createReproductions(store, link)
  const pending = new Set<Promise<void>>()
  // Once the disk refused a message, what comes behind it is not taken: it comes again after a reconnect, in its order.
  let over = false
  const waitOf = createBudget({
    burstBytes: BURST_BYTES,
    bytesPerSecond: BYTES_PER_SECOND,
    nowMs: store.world.monotonicMs,
  })
  const reading = createReading(socket)

  async function handle(text: string, earlier: readonly Promise<void>[]): Promise<void> {
    try {
      const message = parseFromAgent(text)
      // A result that came before the goodbye must count as in time.
      if (message.type === 'goodbye') await Promise.all(earlier)
      await answer(store, link, reproductions, message)
    } catch (error) {
      if (isDiskTrouble(error)) over = true
      if (!store.closing) refuse(store, socket, text, error)
    }
  }

  return {
    receive(text) {
      if (over) return
      const work = handle(text, [...pending]).finally(() => {
        if (pending.size === MAX_PENDING) reading.release()
        pending.delete(work)
      })
      pending.add(work)
      if (pending.size === MAX_PENDING) reading.hold()
      const waitMs = waitOf(text.length)
      if (waitMs === 0) return
      reading.hold()
      setTimeout(reading.release, waitMs).unref()
    },
    alive() {
      if (link.notebook !== null && store.links.get(link.notebook) === link) hear(store, link.notebook)
    },
    closed() {
      reproductions.close()
      leave(store, link, 'unreachable').catch((error: unknown) =>
        store.world.report(`${link.notebook}: ${error instanceof Error ? error.message : error}`),
      )
    },
  }
}

/** Reads from a socket while nobody holds it. */
function createReading(socket: Pick<Socket, 'pause' | 'resume'>): { hold(): void; release(): void } {
  let holds = 0
  return {
    hold() {
      if (holds++ === 0) socket.pause()
    },
    release() {
      if (--holds === 0) socket.resume()
    },
  }
}

const isDiskTrouble = (error: unknown): error is StorageError =>
  error instanceof StorageError && DISK_TROUBLE.includes(error.code)

/** Refuses a message, or ends the connection when the disk is the trouble: then the agent keeps what it sent. */
function refuse(store: Store, socket: Socket, text: string, error: unknown): void {
  if (!isDiskTrouble(error)) return refuseMessage(store, socket, text, error)
  store.world.report(`an agent's message was not kept: ${error.message}`)
  socket.close(CLOSE_TRY_AGAIN, 'the store cannot write; try again later')
}

async function answer(
  store: Store,
  link: AgentLink,
  reproductions: ReturnType<typeof createReproductions>,
  message: FromAgent,
): Promise<void> {
  switch (message.type) {
    case 'hello':
      return
    case 'register':
      return register(store, link, message)
    case 'progress':
      return progress(store, message)
    case 'idle':
      return noteIdle(store, link, message)
    case 'data':
      return noteFound(store, link, message)
    case 'reproduce':
      return reproductions.begin(message)
    case 'goodbye':
      return leave(store, link, 'gone')
    case 'records':
      await receive(store, message)
      return link.send({ type: 'ack', id: message.id })
    case 'checkpoint':
      await keepCheckpoint(store, message)
      return link.send({ type: 'ack', id: message.id })
    case 'failed':
      await fail(store, message)
      return link.send({ type: 'ack', id: message.id })
    case 'cancelled':
      await cancel(store, message)
      return link.send({ type: 'ack', id: message.id })
    case 'done': {
      const verdict = await publish(store, message)
      link.send({ type: 'ack', id: message.id })
      const { job, trial, model } = message
      return link.send({ type: 'verdict', job, trial, sha1: model.sha1, verdict })
    }
    default:
      return unreachable(message)
  }
}

function unreachable(message: never): never {
  throw new TypeError(`unknown message ${JSON.stringify(message)}`)
}
