import { createHash } from 'node:crypto'
import {
  type AttemptRecord,
  type AttemptRef,
  fieldsOf,
  type ModelReport,
  PROTOCOL_VERSION,
  parse,
  parseToAgent,
  Sha1,
  type Task,
  TEST_ACCURACY,
  type ToAgent,
  UploadSession,
  type Verdict,
  writeSafetensors,
} from '@pawprint/protocol'
import type { RunningStore } from '../startStore.ts'
import { openPeer, type TestPeer } from './peer.ts'

export type Run = Extract<ToAgent, { type: 'run' }>

export const TEST_TASK: Task = { name: 'pets', classNames: ['cat', 'dog'], metric: TEST_ACCURACY }
export const TEST_FIELDS = fieldsOf({ EPOCHS: 1, LEARNING_RATE: [0.001], NUM_FILTERS: [20] })
export const TEST_TIME = '2026-01-02T03:04:05.000Z'

/** A small valid weights file; equal values give equal bytes. */
export const weightsOf = (...values: number[]): Uint8Array =>
  writeSafetensors([{ name: 'w', shape: [values.length], data: Float32Array.from(values) }])

const hashOf = (name: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex')
export const sha1Of = (bytes: Uint8Array): Sha1 => parse(Sha1, hashOf('sha1', bytes))

/** One call of the API with the operator's token; the body is JSON unless it is bytes. */
export async function call(
  store: Pick<RunningStore, 'url' | 'token'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
) {
  const isBytes = body instanceof Uint8Array
  const type = isBytes ? 'application/octet-stream' : 'application/json'
  const response = await fetch(`${store.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${store.token}`,
      ...(body === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    redirect: 'manual',
  })
  const text = await response.text()
  const json = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null
  return { status: response.status, json, text, headers: response.headers }
}

/** Uploads weights in one part and commits them. */
export async function upload(store: RunningStore, bytes: Uint8Array): Promise<Sha1> {
  const sha1 = sha1Of(bytes)
  const blob = { sha1, sha256: hashOf('sha256', bytes), sizeBytes: bytes.length, kind: 'weights' }
  const made = await call(store, 'POST', '/api/uploads', blob)
  const session = parse(UploadSession, made.json)
  if (session.complete) return sha1
  await call(store, 'PATCH', `/api/uploads/${session.id}`, bytes, { 'upload-offset': '0' })
  const done = await call(store, 'POST', `/api/uploads/${session.id}/commit`)
  if (done.status !== 201) throw new Error(`commit: ${done.status} ${done.text}`)
  return sha1
}

export const reportOf = (sha1: Sha1, testAccuracy: number, fingerprint = 'a'.repeat(64)): ModelReport => ({
  sha1,
  metrics: { testAccuracy },
  parameterCount: 1,
  testSet: { fingerprint, count: 10 },
  engine: 'fake',
  preprocessing: {
    width: 32,
    height: 32,
    channels: 'rgb',
    fit: 'fill',
    kernel: 'linear',
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  classNames: TEST_TASK.classNames,
  topology: { layers: [] },
  evaluation: {
    confusion: [
      [3, 2],
      [1, 4],
    ],
  },
})

export const refOf = ({ job, trial, attempt, lease }: AttemptRef): AttemptRef => ({ job, trial, attempt, lease })

export interface FakeAgent extends TestPeer<ToAgent> {
  readonly instance: string
  /** Sends `register`; `next('registered')`, `next('held')` or `next('refused')` gives the answer. */
  register(name: string, over?: Readonly<Record<string, unknown>>): string
  /** Registers and waits for the name. */
  join(name: string, over?: Readonly<Record<string, unknown>>): Promise<Extract<ToAgent, { type: 'registered' }>>
  records(run: AttemptRef, first: number, records: readonly AttemptRecord[]): string
  /** Resolves with what answers this message. */
  answer(id: string): Promise<Extract<ToAgent, { type: 'ack' | 'refused' }>>
  done(run: AttemptRef, model: ModelReport, more?: Readonly<Record<string, unknown>>): string
  /** Uploads weights that hold `value`, says done with this accuracy, and resolves with the verdict. */
  finish(run: Run, value: number, testAccuracy: number, fingerprint?: string): Promise<Verdict>
}

let ids = 0
const nextId = (): string => `m${++ids}`

const REGISTRATION = {
  type: 'register',
  task: TEST_TASK,
  schema: TEST_FIELDS,
  engine: 'fake',
  cores: 2,
  slots: 1,
  host: 'here',
  pid: 1,
  attempts: [],
} as const

/** An agent that does what the test says. */
export async function fakeAgent(store: RunningStore, instance = `i${++ids}`, token = store.token): Promise<FakeAgent> {
  const peer = await openPeer(store.url, token, parseToAgent)
  peer.send({ type: 'hello', version: PROTOCOL_VERSION, role: 'agent', instance })
  await peer.next('welcome')
  const sendWithId = (message: Readonly<Record<string, unknown>>): string => {
    const id = nextId()
    peer.send({ ...message, id })
    return id
  }
  const register = (name: string, over = {}) => sendWithId({ ...REGISTRATION, name, ...over })
  const answer = async (id: string) =>
    Promise.race([peer.next('ack', (m) => m.id === id), peer.next('refused', (m) => m.id === id)])
  const done: FakeAgent['done'] = (run, model, more) =>
    sendWithId({ type: 'done', ...refOf(run), model, seconds: 2, ...more })
  return {
    ...peer,
    instance,
    register,
    async join(name, over) {
      const id = register(name, over)
      return peer.next('registered', (m) => m.id === id)
    },
    records: (run, first, records) => sendWithId({ type: 'records', ...refOf(run), first, records }),
    answer,
    done,
    async finish(run, value, testAccuracy, fingerprint) {
      const sha1 = await upload(store, weightsOf(value))
      const id = done(run, reportOf(sha1, testAccuracy, fingerprint))
      const said = await answer(id)
      if (said.type === 'refused') throw new Error(`${said.error.code} ${said.error.message}`)
      return (await peer.next('verdict', (m) => m.sha1 === sha1 && m.trial === run.trial && m.job === run.job)).verdict
    },
  }
}

export const logRecord = (text: string): AttemptRecord => ({ kind: 'log', time: TEST_TIME, level: 'info', text })
export const metricRecord = (step: number, value: number): AttemptRecord => ({
  kind: 'metric',
  time: TEST_TIME,
  epoch: 1,
  step,
  name: 'loss',
  value,
})
