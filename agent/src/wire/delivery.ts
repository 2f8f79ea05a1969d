import type { AttemptRecord, AttemptRef, ErrorBody } from '@pawprint/protocol'
import type { Times } from '../times.ts'
import { backoffMs } from './backoff.ts'
import { createOutbox, type Letter, type Outcome } from './outbox.ts'

/** Gets records and outcomes to the store: in batches, in order, until each is acknowledged. */
export interface Delivery {
  add(attempt: AttemptRef, record: AttemptRecord): void
  end(attempt: AttemptRef, outcome: Outcome): void
  forget(attempt: AttemptRef): void
  /** Attempts with anything that is not acknowledged. */
  attempts(): AttemptRef[]
  /** The line is open again: sends what is not acknowledged. */
  restart(): void
  onAck(id: string): void
  /** False when the id is none of its own. */
  onRefused(id: string, error: ErrorBody): boolean
  /** Resolves when nothing is left. */
  settled(): Promise<void>
  close(): void
}

export interface DeliverySettings {
  readonly nextId: () => string
  readonly now: () => string
  readonly random: () => number
  readonly times: Times
  /** False when it cannot be sent now. */
  readonly send: (text: string) => boolean
  /** Something a person should read. */
  readonly tell: (text: string) => void
}

/** Refusals that another try may change: the store's disk, or a batch that came before its predecessor. */
const PASSING = new Set(['E_GAP', 'E_WRITE', 'E_NO_SPACE', 'E_LOCKED', 'E_CORRUPT', 'E_INTERNAL', 'E_STORAGE'])
/** Tries that one message gets after such a refusal: 2 minutes or so. Then it is dropped, and said so. */
const MAX_REFUSALS = 10

/** Starts idle; `restart` begins the sending. */
export function createDelivery(settings: DeliverySettings): Delivery {
  const { times } = settings
  const outbox = createOutbox(settings)
  const refusals = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let waiters: (() => void)[] = []

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    const letters: Letter[] = outbox.take()
    // A message that cannot be sent stays; `restart` follows when the line is open again.
    for (const { text } of letters) if (!settings.send(text)) break
    if (outbox.attempts().length > 0) return
    const settled = waiters
    waiters = []
    for (const resolve of settled) resolve()
  }
  const flushIn = (ms: number): void => {
    timer ??= setTimeout(flush, ms).unref()
  }
  return {
    add(attempt, record) {
      outbox.add(attempt, record)
      flushIn(times.batchMs)
    },
    end(attempt, outcome) {
      outbox.end(attempt, outcome)
      flushIn(0)
    },
    forget: outbox.forget,
    attempts: outbox.attempts,
    restart() {
      outbox.rewind()
      flush()
    },
    onAck(id) {
      refusals.delete(id)
      if (outbox.settle(id) !== undefined) flush()
    },
    onRefused(id, error) {
      if (!outbox.has(id)) return false
      const count = (refusals.get(id) ?? 0) + 1
      refusals.set(id, count)
      if (PASSING.has(error.code) && count <= MAX_REFUSALS) {
        outbox.rewind()
        flushIn(backoffMs(times.reconnect, count, settings.random()))
        return true
      }
      refusals.delete(id)
      const letter = outbox.settle(id)
      settings.tell(`the store refused ${letter?.type === 'records' ? 'log lines' : 'a result'}: ${error.message}`)
      // Or the trial would be under way for ever.
      if (letter?.type === 'done')
        outbox.end(letter.attempt, {
          type: 'failed',
          reason: `the store refused the result: ${error.message}`,
          permanent: true,
        })
      flush()
      return true
    },
    settled: () =>
      outbox.attempts().length === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
    close: () => clearTimeout(timer),
  }
}
