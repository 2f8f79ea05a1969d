import { type AttemptRecord, type AttemptRef, MAX_BATCH_BYTES, MAX_BATCH_RECORDS } from '@pawprint/protocol'
import { attemptKey, type Letter, type Outcome, type Uploaded } from './letters.ts'

/** What an agent keeps for a store that is out of reach; later records are counted, not kept. */
export const MAX_OUTBOX_RECORDS = 50_000
export const MAX_OUTBOX_BYTES = 16 * 1024 * 1024
/** Messages that may be under way at once: enough to fill a slow line, few enough not to swamp a store that comes back. */
const MAX_IN_FLIGHT = 64

/** What is to reach the store: ordered within an attempt, bounded, kept until acknowledged. */
export interface Outbox {
  add(attempt: AttemptRef, record: AttemptRecord): void
  /** A checkpoint travels after all of the attempt's records before it are acknowledged. */
  checkpoint(attempt: AttemptRef, uploaded: Uploaded): void
  /** Ends an attempt. Never dropped. */
  end(attempt: AttemptRef, outcome: Outcome): void
  /** Messages to send now, in order; each is given once until `rewind`. */
  take(): Letter[]
  /** Removes an acknowledged (or refused) message; undefined when it is not known. */
  settle(id: string): Letter | undefined
  /** The message of this id, while it waits. */
  find(id: string): Letter | undefined
  /** Adds fields to a message that was refused for want of them; it is to be sent again. */
  amend(id: string, fields: object): void
  /** After a reconnect: all that is not acknowledged is to be sent again. */
  rewind(): void
  /** Drops all of an attempt. */
  forget(attempt: AttemptRef): void
  /** Attempts with anything left. */
  attempts(): AttemptRef[]
}

export interface OutboxSettings {
  readonly nextId: () => string
  /** ISO 8601, for the records that tell of a gap. */
  readonly now: () => string
  readonly maxRecords?: number
  readonly maxBytes?: number
}

/** Records of one attempt that are not in a message yet. */
interface Open {
  readonly attempt: AttemptRef
  first: number
  records: string[]
  bytes: number
  dropped: number
}

interface State {
  readonly settings: Required<OutboxSettings>
  readonly open: Map<string, Open>
  /** In the order of sending. */
  readonly letters: Map<string, Letter>
  readonly inFlight: Set<string>
  records: number
  bytes: number
}

/** An empty outbox of at most 50,000 records and 16 MiB, by default. */
export function createOutbox(settings: OutboxSettings): Outbox {
  const state: State = {
    settings: { maxRecords: MAX_OUTBOX_RECORDS, maxBytes: MAX_OUTBOX_BYTES, ...settings },
    open: new Map(),
    letters: new Map(),
    inFlight: new Set(),
    records: 0,
    bytes: 0,
  }
  return {
    add: (attempt, record) => add(state, attempt, record),
    checkpoint(attempt, uploaded) {
      seal(state, openOf(state, attempt))
      post(state, attempt, { type: 'checkpoint', ...uploaded })
    },
    end: (attempt, outcome) => end(state, attempt, outcome),
    take: () => take(state),
    settle(id) {
      const letter = state.letters.get(id)
      if (letter !== undefined) remove(state, letter)
      return letter
    },
    find: (id) => state.letters.get(id),
    amend: (id, fields) => amend(state, id, fields),
    rewind: () => state.inFlight.clear(),
    forget: (attempt) => forget(state, attempt),
    attempts: () => {
      const unsent = [...state.open.values()].filter(({ records, dropped }) => records.length > 0 || dropped > 0)
      const all = [...state.letters.values(), ...unsent].map(({ attempt }) => attempt)
      return [...new Map(all.map((attempt) => [attemptKey(attempt), attempt])).values()]
    },
  }
}

function openOf(state: State, attempt: AttemptRef): Open {
  const key = attemptKey(attempt)
  const known = state.open.get(key) ?? { attempt, first: 1, records: [], bytes: 0, dropped: 0 }
  state.open.set(key, known)
  return known
}

function add(state: State, attempt: AttemptRef, record: AttemptRecord): void {
  const batch = openOf(state, attempt)
  if (state.records >= state.settings.maxRecords || state.bytes >= state.settings.maxBytes) {
    batch.dropped++
    return
  }
  tellGap(state, batch)
  push(state, batch, record)
}

function push(state: State, batch: Open, record: AttemptRecord): void {
  const json = JSON.stringify(record)
  const size = Buffer.byteLength(json) + 1
  if (batch.records.length >= MAX_BATCH_RECORDS || batch.bytes + size > MAX_BATCH_BYTES) seal(state, batch)
  batch.records.push(json)
  batch.bytes += size
  state.records++
  state.bytes += size
}

function tellGap(state: State, batch: Open): void {
  if (batch.dropped === 0) return
  const text = `${batch.dropped} log lines and metrics are missing here: the store was out of reach and the agent’s buffer was full`
  batch.dropped = 0
  push(state, batch, { kind: 'log', time: state.settings.now(), level: 'warn', text })
}

function seal(state: State, batch: Open): void {
  const { attempt, first, records, bytes } = batch
  if (records.length === 0) return
  const id = state.settings.nextId()
  // Records are JSON already, so the message is put together as text.
  const head = JSON.stringify({ type: 'records', id, ...attempt, first })
  const text = `${head.slice(0, -1)},"records":[${records.join(',')}]}`
  state.letters.set(id, { id, attempt, text, records: records.length, bytes, type: 'records' })
  batch.first += records.length
  batch.records = []
  batch.bytes = 0
}

function end(state: State, attempt: AttemptRef, outcome: Outcome): void {
  const batch = openOf(state, attempt)
  tellGap(state, batch)
  seal(state, batch)
  state.open.delete(attemptKey(attempt))
  post(state, attempt, outcome)
}

function post(
  state: State,
  attempt: AttemptRef,
  message: Outcome | ({ readonly type: 'checkpoint' } & Uploaded),
): void {
  const id = state.settings.nextId()
  const text = JSON.stringify({ ...message, id, ...attempt })
  state.letters.set(id, { id, attempt, text, records: 0, bytes: 0, type: message.type })
}

function amend(state: State, id: string, fields: object): void {
  const letter = state.letters.get(id)
  if (letter === undefined) return
  state.letters.set(id, { ...letter, text: JSON.stringify({ ...JSON.parse(letter.text), ...fields }) })
  state.inFlight.delete(id)
}

function take(state: State): Letter[] {
  sealIdle(state)
  const unsettled = new Set<string>()
  const taken: Letter[] = []
  for (const letter of state.letters.values()) {
    const key = attemptKey(letter.attempt)
    const tooEarly = letter.type !== 'records' && unsettled.has(key)
    unsettled.add(key)
    if (tooEarly || state.inFlight.has(letter.id)) continue
    if (state.inFlight.size >= MAX_IN_FLIGHT) break
    state.inFlight.add(letter.id)
    taken.push(letter)
  }
  return taken
}

/**
 * Puts records into messages, but for those of attempts that wait for an answer: meanwhile theirs fill the next message. So a store
 * that is slow or away gets few large ones.
 */
function sealIdle(state: State): void {
  const waiting = new Set<string>()
  for (const { attempt, type } of state.letters.values()) if (type === 'records') waiting.add(attemptKey(attempt))
  for (const [key, batch] of state.open) if (!waiting.has(key)) seal(state, batch)
}

function remove(state: State, letter: Letter): void {
  state.letters.delete(letter.id)
  state.inFlight.delete(letter.id)
  state.records -= letter.records
  state.bytes -= letter.bytes
}

function forget(state: State, attempt: AttemptRef): void {
  const key = attemptKey(attempt)
  const batch = state.open.get(key)
  state.records -= batch?.records.length ?? 0
  state.bytes -= batch?.bytes ?? 0
  state.open.delete(key)
  for (const letter of state.letters.values()) if (attemptKey(letter.attempt) === key) remove(state, letter)
}
