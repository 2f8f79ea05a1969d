// A store, agents that do what a test says, and a demo: everything real but the training.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fieldsOf, type ModelReport, type Sha1, type Task, TEST_ACCURACY } from '@pawprint/protocol'
import { type RunningStore, type StoreOptions, startStore } from '@pawprint/store-server'
import { type Demo, startDemo } from '../demo-app/server/app.ts'
import type { TestModel } from '../demo-app/server/testing/model.ts'
import {
  call,
  type FakeAgent,
  fakeAgent,
  logRecord,
  type Run,
  reportOf,
  TEST_TIME,
  upload,
  weightsOf,
} from '../store-server/src/testing/fakeAgent.ts'

export const TASK: Task = { name: 'pets', classNames: ['cat', 'dog', 'owl'], metric: TEST_ACCURACY }
export const SCHEMA = fieldsOf({
  EPOCHS: 1,
  BATCH_SIZE: 10,
  LEARNING_RATE: [0.001],
  KERNEL_SIZE: [3],
  NUM_FILTERS: [20],
  DENSE_WIDTH: [128],
})

export type StageOptions = Pick<StoreOptions, 'allowedHosts' | 'times'>

export interface Stage {
  readonly store: RunningStore
  readonly folder: string
  /** The page's address, with the token. */
  readonly link: string
  /** Answers JSON; throws unless the call succeeds. */
  api<T>(method: string, path: string, body?: unknown): Promise<T>
  /** A notebook that is registered. */
  join(name: string, over?: Readonly<Record<string, unknown>>): Promise<FakeAgent>
  demo(): Promise<Demo>
  close(): Promise<void>
}

/** `options`: the store's, beside where its data are. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-pages-'))
  const store = await startStore({ dataDir: folder, port: 0, ...options })
  const ends: (() => Promise<unknown>)[] = []
  return {
    store,
    folder,
    link: `${store.url}/?token=${store.token}`,
    async api<T>(method: string, path: string, body?: unknown) {
      const { status, text, json } = await call(store, method, path, body)
      if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`)
      return json as T
    },
    async join(name, over = {}) {
      const agent = await fakeAgent(store)
      await agent.join(name, { task: TASK, schema: SCHEMA, ...over })
      return agent
    },
    async demo() {
      const url = new URL(store.url.replace('http', 'ws'))
      const options = {
        folder,
        port: 0,
        host: '127.0.0.1',
        mirror: false,
        allowHosts: [],
        store: url,
        certFile: null,
        keyFile: null,
      }
      const page = join(import.meta.dirname, '../demo-app/dist/page')
      const demo = await startDemo({ ...options, token: store.token }, { log: () => {}, random: () => 0, page })
      ends.push(() => demo.close())
      return demo
    },
    async close() {
      for (const end of ends) await end()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Launches; resolves with the job's id. */
export const launch = async (stage: Stage, notebook: string, config: Record<string, unknown> = {}): Promise<string> =>
  (await stage.api<{ id: string }>('POST', '/api/jobs', { notebook, config })).id

let drawn = 0

/** Delivers a model for this trial: `bytes` or else weights that no other model has. */
export async function deliver(
  stage: Stage,
  agent: FakeAgent,
  run: Run,
  testAccuracy: number,
  over: Partial<ModelReport> = {},
  bytes: Uint8Array = weightsOf(++drawn),
  more: Readonly<Record<string, unknown>> = {},
): Promise<Sha1> {
  const sha1 = await upload(stage.store, bytes)
  const { length } = over.classNames ?? TASK.classNames
  const confusion = Array.from({ length }, (_, row) => Array.from({ length }, (_, column) => (row === column ? 5 : 1)))
  const report = { ...reportOf(sha1, testAccuracy), classNames: TASK.classNames, evaluation: { confusion }, ...over }
  const said = await agent.answer(agent.done(run, report, more))
  if (said.type === 'refused') throw new Error(said.error.message)
  await agent.next('verdict', (verdict) => verdict.sha1 === sha1)
  return sha1
}

/** One job of one trial, from launch to model. */
export async function train(
  stage: Stage,
  agent: FakeAgent,
  notebook: string,
  testAccuracy: number,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Sha1> {
  await launch(stage, notebook)
  return deliver(stage, agent, await agent.next('run'), testAccuracy, {}, undefined, more)
}

const PREPROCESSING = {
  width: 8,
  height: 8,
  channels: 'rgb' as const,
  fit: 'fill' as const,
  kernel: 'lanczos3' as const,
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
}

/** As `train`, with a model that a demo can load. */
export async function deliverReal(
  stage: Stage,
  agent: FakeAgent,
  notebook: string,
  { topology, bytes }: TestModel,
  testAccuracy: number,
  classNames: string[] = TASK.classNames,
): Promise<Sha1> {
  await launch(stage, notebook)
  const over = { topology, preprocessing: PREPROCESSING, classNames }
  return deliver(stage, agent, await agent.next('run'), testAccuracy, over, bytes)
}

const BATCH = 256

/** Sends "line `from`" to "line `to`" of a log in batches; resolves once they are stored. `before`: records sent already. */
export async function sendLines(agent: FakeAgent, run: Run, from: number, to: number, before = 0): Promise<void> {
  const ids: string[] = []
  for (let first = from; first <= to; first += BATCH) {
    const count = Math.min(BATCH, to - first + 1)
    const records = Array.from({ length: count }, (_, i) => logRecord(`line ${first + i}`))
    ids.push(agent.records(run, before + first, records))
  }
  for (const id of ids) await agent.answer(id)
}

/** Points of both curves, and how far it came. */
export async function sendPoints(agent: FakeAgent, run: Run, first: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) =>
    (['loss', 'accuracy'] as const).map((name) => ({
      kind: 'metric' as const,
      time: TEST_TIME,
      epoch: 1,
      step: (i + 1) * 10,
      name,
      value: name === 'loss' ? 2.3 / (1 + i / 10) : 0.1 + i / (2 * count),
    })),
  ).flat()
  await agent.answer(agent.records(run, first, records))
  const { job, trial, attempt, lease } = run
  agent.send({ type: 'progress', job, trial, attempt, lease, progress: 0.4, metrics: { loss: 1.2 } })
}
