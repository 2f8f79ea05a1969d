import { parse, UploadSession } from '@pawprint/protocol'
import type { RunningStore } from '@pawprint/store-server'
import { declare } from '../store-server/src/storage/fixture.ts'
import {
  type FakeAgent,
  fakeAgent,
  logRecord,
  metricRecord,
  type Run,
  refOf,
  reportOf,
  weightsOf,
} from '../store-server/src/testing/fakeAgent.ts'
import { ask, untilDeath } from './client.ts'
import { type History, invoke, isPoint, lineOf } from './history.ts'
import type { Random } from './random.ts'

/** An attempt that is under way, and how far it is. */
interface Work {
  readonly run: Run
  /** Records it has in all. */
  readonly records: number
  /** Records up to here were acknowledged, all of them. */
  acked: number
  readonly bytes: Uint8Array
  readonly accuracy: number
  readonly fails: boolean
  /** The upload that was begun. */
  session: string | null
  /** Its end was said, perhaps in vain. */
  ended: boolean
}

/** A kernel under faults: it keeps what is not acknowledged, as the protocol asks, and goes on with each store that comes. */
export interface Trainee {
  /** Registers and trains until the store is dead. Rejects when the store breaks the protocol. */
  live(store: RunningStore): Promise<void>
}

export interface TraineeSettings {
  readonly name: string
  readonly random: Random
  readonly history: History
  /** Told of each acknowledgement. */
  readonly onAck: () => void
}

const SLOTS = 2
const PART_BYTES = 9_000
const VALUES = 4_000
// Few kinds of weights, so that some come twice.
const KINDS = 60
const FAILING = 0.1

export function createTrainee(settings: TraineeSettings): Trainee {
  const works = new Map<string, Work>()
  return {
    live: (store) =>
      untilDeath(async () => {
        const agent = await fakeAgent(store, settings.name)
        const refs = [...works.values()].map(({ run }) => refOf(run))
        const { fenced } = await agent.join(settings.name, { slots: SLOTS, attempts: refs })
        for (const { job, trial, attempt } of fenced)
          for (const { run, ended } of works.values())
            if (!ended && run.job === job && run.trial === trial && run.attempt === attempt)
              throw new Error(`fenced although nobody took over: ${job} trial ${trial} attempt ${attempt}`)
        let stop = (_: unknown): void => {}
        const stopped = new Promise<never>((_, reject) => {
          stop = reject
        })
        const start = (work: Work): void => {
          train(settings, store, agent, work)
            .then(() => works.delete(work.run.lease))
            .catch(stop)
        }
        for (const work of works.values()) start(work)
        for (;;) {
          const run = await Promise.race([agent.next('run'), stopped])
          if (works.has(run.lease)) continue
          const work = begin(settings, run)
          works.set(run.lease, work)
          start(work)
        }
      }),
  }
}

function begin({ random, history }: TraineeSettings, run: Run): Work {
  invoke(history, { type: 'run', ...refOf(run) }).outcome = 'ok'
  const kind = random.int(1, KINDS)
  return {
    run,
    records: random.int(1, 30),
    acked: 0,
    bytes: weightsOf(...Array.from({ length: VALUES }, (_, i) => kind + (i % 7))),
    accuracy: kind / 100,
    fails: random.chance(FAILING),
    session: null,
    ended: false,
  }
}

async function train(settings: TraineeSettings, store: RunningStore, agent: FakeAgent, work: Work): Promise<void> {
  if (!work.ended) {
    await sendRecords(settings, agent, work)
    if (!work.fails) await upload(settings, store, work)
  }
  await end(settings, agent, work)
}

let ids = 0

/** Sends a message that matters; resolves once it is acknowledged. */
async function deliver(agent: FakeAgent, message: Readonly<Record<string, unknown>>): Promise<void> {
  const id = `t${++ids}`
  agent.send({ ...message, id })
  const said = await agent.answer(id)
  if (said.type === 'refused') throw new Error(`${message.type}: ${said.error.code} ${said.error.message}`)
}

async function sendRecords({ random, history, onAck }: TraineeSettings, agent: FakeAgent, work: Work): Promise<void> {
  const { job, trial, attempt } = work.run
  const batches: Promise<void>[] = []
  // Sometimes from an earlier record on: its acknowledgement may have been lost.
  let acked: Promise<void> = Promise.resolve()
  for (let first = random.int(1, work.acked + 1), last = 0; first <= work.records; first = last + 1) {
    last = Math.min(work.records, first + random.int(0, 7))
    const [before, end] = [acked, last]
    const entry = invoke(history, { type: 'records', job, trial, attempt, first, last })
    const records = Array.from({ length: last - first + 1 }, (_, i) =>
      isPoint(first + i) ? metricRecord(first + i, 1) : logRecord(lineOf(attempt, first + i)),
    )
    const delivered = deliver(agent, { type: 'records', ...refOf(work.run), first, records }).then(() => {
      entry.outcome = 'ok'
      onAck()
    })
    // A batch may be acknowledged before an earlier one, which is then to be sent again all the same.
    acked = Promise.all([before, delivered]).then(() => {
      work.acked = Math.max(work.acked, end)
    })
    // Awaited below; until then a batch that fails is no unhandled rejection.
    for (const promise of [delivered, acked]) promise.catch(() => undefined)
    batches.push(delivered)
  }
  await Promise.all(batches)
}

/** Brings the weights in parts, and goes on where an earlier store stopped. */
async function upload({ history, onAck }: TraineeSettings, store: RunningStore, work: Work): Promise<void> {
  const { bytes } = work
  const entry = invoke(history, { type: 'upload', sha1: declare(bytes).sha1 })
  const known = work.session === null ? null : await ask(store, 'GET', `/api/uploads/${work.session}`)
  const made = known?.status === 200 ? known : await ask(store, 'POST', '/api/uploads', declare(bytes))
  let session = parse(UploadSession, made.json)
  work.session = session.id
  while (!session.complete && session.offset < bytes.length) {
    const part = bytes.subarray(session.offset, session.offset + PART_BYTES)
    const headers = { 'upload-offset': `${session.offset}` }
    const sent = await ask(store, 'PATCH', `/api/uploads/${session.id}`, part, headers)
    if (sent.status !== 200) throw new Error(`a part: ${sent.status} ${sent.text}`)
    session = parse(UploadSession, sent.json)
  }
  const done = await ask(store, 'POST', `/api/uploads/${session.id}/commit`)
  if (done.status !== 201) throw new Error(`a commit: ${done.status} ${done.text}`)
  entry.outcome = 'ok'
  onAck()
}

async function end({ history, onAck }: TraineeSettings, agent: FakeAgent, work: Work): Promise<void> {
  const { job, trial, attempt } = work.run
  const { sha1 } = declare(work.bytes)
  work.ended = true
  const attemptOf = { job, trial, attempt }
  const entry = invoke(history, work.fails ? { type: 'failed', ...attemptOf } : { type: 'done', ...attemptOf, sha1 })
  const outcome = work.fails
    ? { type: 'failed', reason: 'a GPU that fell off the bus', permanent: false }
    : { type: 'done', model: reportOf(sha1, work.accuracy), seconds: 2 }
  await deliver(agent, { ...outcome, ...refOf(work.run) })
  entry.outcome = 'ok'
  onAck()
}
