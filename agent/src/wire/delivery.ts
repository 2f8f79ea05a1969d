import type { AttemptRecord, AttemptRef, ErrorBody } from '@pawprint/protocol'
import type { Times } from '../times.ts'
import { backoffMs } from './backoff.ts'
import { attemptKey, type Letter, type Outcome, type Uploaded } from './letters.ts'
import { createOutbox } from './outbox.ts'
import { createReevaluations, type Reevaluate } from './reevaluations.ts'

export type UploadAgain = (signal: AbortSignal) => Promise<void>

/** What the store may want before it takes a result. */
export interface Supplies {
  /** Brings the weights once more, should the store not have them any more. */
  readonly uploadAgain: UploadAgain
  /** Measures the model to beat, should the store not know what that is on the result's test set. */
  readonly reevaluate: Reevaluate
}

/** Gets records and outcomes to the store: in batches, in order, until each is acknowledged. */
export interface Delivery {
  add(attempt: AttemptRef, record: AttemptRecord): void
  /** Tells of a checkpoint whose bytes the store has. */
  checkpoint(attempt: AttemptRef, uploaded: Uploaded): void
  /** Ends an attempt. */
  end(attempt: AttemptRef, outcome: Outcome, supplies?: Supplies): void
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

/** Refusals that another try may change: the store's disk, a batch that came before its predecessor, or a result before what it lacked. */
const PASSING = new Set([
  'E_REEVALUATE',
  'E_GAP',
  'E_WRITE',
  'E_NO_SPACE',
  'E_LOCKED',
  'E_CORRUPT',
  'E_INTERNAL',
  'E_STORAGE',
])
/** Tries that one message gets after such a refusal: 2 minutes or so. Then it is dropped, and said so. */
const MAX_REFUSALS = 10

const NOUNS: Readonly<Record<Letter['type'], string>> = {
  records: 'log lines',
  checkpoint: 'a checkpoint',
  done: 'a result',
  failed: 'a result',
  cancelled: 'a result',
}

/** Starts idle; `restart` begins the sending. */
export function createDelivery(settings: DeliverySettings): Delivery {
  const { times } = settings
  const outbox = createOutbox(settings)
  const refusals = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let waiters: (() => void)[] = []
  const weights = createWeights()
  const reevaluations = createReevaluations(({ id }, reports) => {
    outbox.amend(id, { reevaluations: reports })
    flush()
  })
  const release = (attempt: AttemptRef): void => {
    weights.drop(attempt)
    reevaluations.drop(attempt)
  }

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
  const restart = (): void => {
    outbox.rewind()
    flush()
  }
  /** Gives a refused message up. */
  const drop = ({ id, type, attempt }: Letter, reason: string): void => {
    refusals.delete(id)
    if (outbox.settle(id) === undefined) return
    settings.tell(`the store refused ${NOUNS[type]}: ${reason}`)
    if (type === 'done') {
      release(attempt)
      // Or the trial would be under way for ever.
      outbox.end(attempt, { type: 'failed', reason: `the store refused the result: ${reason}`, permanent: true })
    }
    flush()
  }
  return {
    add(attempt, record) {
      outbox.add(attempt, record)
      flushIn(times.batchMs)
    },
    checkpoint(attempt, uploaded) {
      outbox.checkpoint(attempt, uploaded)
      flushIn(0)
    },
    end(attempt, outcome, supplies) {
      outbox.end(attempt, outcome)
      if (supplies !== undefined) {
        weights.keep(attempt, supplies.uploadAgain)
        reevaluations.keep(attempt, supplies.reevaluate)
      }
      flushIn(0)
    },
    forget(attempt) {
      release(attempt)
      outbox.forget(attempt)
    },
    attempts: outbox.attempts,
    restart,
    onAck(id) {
      refusals.delete(id)
      const letter = outbox.settle(id)
      if (letter === undefined) return
      if (letter.type === 'done') release(letter.attempt)
      flush()
    },
    onRefused(id, error) {
      const letter = outbox.find(id)
      if (letter === undefined) return false
      const failed = (reason: string): void => drop(letter, `${error.message}, and ${reason}`)
      if (error.code === 'E_NO_WEIGHTS' && weights.bringAgain(letter.attempt, restart, failed)) return true
      if (error.code === 'E_REEVALUATE' && reevaluations.bring(letter, error.expected)) return true
      const count = (refusals.get(id) ?? 0) + 1
      refusals.set(id, count)
      if (PASSING.has(error.code) && count <= MAX_REFUSALS) {
        outbox.rewind()
        flushIn(backoffMs(times.reconnect, count, settings.random()))
        return true
      }
      drop(letter, error.message)
      return true
    },
    settled: () =>
      outbox.attempts().length === 0 ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve)),
    close() {
      clearTimeout(timer)
      weights.close()
      reevaluations.close()
    },
  }
}

/** How to bring weights again whose `done` is not acknowledged. */
function createWeights() {
  const kept = new Map<
    string,
    { readonly uploadAgain: UploadAgain; state: 'uploaded' | 'under way' | 'uploaded again' }
  >()
  const closing = new AbortController()
  return {
    keep(attempt: AttemptRef, uploadAgain: UploadAgain): void {
      kept.set(attemptKey(attempt), { uploadAgain, state: 'uploaded' })
    },
    drop(attempt: AttemptRef): void {
      kept.delete(attemptKey(attempt))
    },
    /** False when that was done already: a store that loses weights twice is not helped by a third time. */
    bringAgain(attempt: AttemptRef, onThere: () => void, onFailed: (reason: string) => void): boolean {
      const weights = kept.get(attemptKey(attempt))
      if (weights === undefined || weights.state === 'uploaded again') return false
      if (weights.state === 'under way') return true
      weights.state = 'under way'
      weights.uploadAgain(closing.signal).then(
        () => {
          weights.state = 'uploaded again'
          onThere()
        },
        (error: unknown) => {
          if (!closing.signal.aborted) onFailed(error instanceof Error ? error.message : String(error))
        },
      )
      return true
    },
    close: (): void => closing.abort(),
  }
}
