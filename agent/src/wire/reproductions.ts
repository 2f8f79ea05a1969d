import { type FromAgent, parse, Sha1, type ToAgent } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import type { Reproduced } from '../types.ts'

/** Models that the store was asked to have trained again here, until it says what came of it. */
export interface Reproductions {
  /** Throws AgentError E_STORE for what is no SHA-1, or when the store refuses. */
  ask(sha1: string): Promise<Reproduced>
  /** The line is open again: asks again, by the same ids. */
  restart(): void
  /** False when the message is none of its own. */
  onMessage(message: ToAgent): boolean
  close(reason: AgentError): void
}

interface Waiter {
  readonly text: string
  resolve(reproduced: Reproduced): void
  reject(error: AgentError): void
}

/** `send`: false when it cannot be sent now. */
export function createReproductions(nextId: () => string, send: (text: string) => boolean): Reproductions {
  const waiting = new Map<string, Waiter>()
  const take = (id: string | undefined): Waiter | undefined => {
    const waiter = waiting.get(id ?? '')
    waiting.delete(id ?? '')
    return waiter
  }
  return {
    async ask(given) {
      const sha1 = parseSha1(given)
      const id = nextId()
      const text = JSON.stringify({ type: 'reproduce', id, sha1 } satisfies FromAgent)
      return new Promise((resolve, reject) => {
        waiting.set(id, { text, resolve, reject })
        send(text)
      })
    },
    restart() {
      for (const { text } of waiting.values()) send(text)
    },
    onMessage(message) {
      if (message.type === 'reproduced') {
        const { id, sha1, isSame } = message
        take(id)?.resolve({ sha1, isSame })
        return true
      }
      const waiter = message.type === 'refused' ? take(message.id) : undefined
      if (message.type !== 'refused' || waiter === undefined) return false
      const { at, expected, got, message: sentence } = message.error
      waiter.reject(new AgentError('E_STORE', at ?? 'reproduce', expected ?? 'to be done', got ?? sentence))
      return true
    },
    close(reason) {
      for (const id of [...waiting.keys()]) take(id)?.reject(reason)
    },
  }
}

function parseSha1(given: string): Sha1 {
  try {
    return parse(Sha1, given)
  } catch (cause) {
    throw new AgentError(
      'E_STORE',
      'sha1',
      'the name of a model, 40 lower-case hex digits',
      String(given).slice(0, 80),
      { cause },
    )
  }
}
