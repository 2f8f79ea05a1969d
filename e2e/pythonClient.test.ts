// A client that shares no code with the product: written in Python from PROTOCOL.md alone.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job, LogLine, MetricPoint, Model, Notebook, TaskStatus } from '@pawprint/protocol'
import sharp from 'sharp'
import { expect, onTestFinished, test } from 'vitest'
import { openLine } from './line.ts'
import { readWeights } from './oracle.ts'
import { finished, logOf, until } from './pawprint.ts'
import { startSearch, startStoreProcess } from './python.ts'
import { openStage, type Stage } from './stage.ts'

const NAME = 'random-search'
const CLASSES = ['cross', 'ring', 'square']

type Asking = Pick<Stage, 'api'>
interface Items<T> {
  readonly items: T[]
}

const askingAt = (url: () => string, token: () => string): Asking => ({
  async api<T>(method: string, path: string, body?: unknown) {
    const headers = { authorization: `Bearer ${token()}`, 'content-type': 'application/json' }
    const response = await fetch(`${url()}${path}`, { method, headers, body: JSON.stringify(body) ?? null })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return (await response.json()) as T
  },
})
const inState = (store: Asking, ...states: Notebook['state'][]): Promise<Notebook | undefined> =>
  until(
    async () => (await store.api<Items<Notebook>>('GET', '/api/notebooks')).items[0],
    (notebook) => notebook !== undefined && states.includes(notebook.state),
  )
const launch = async (store: Asking, config: Record<string, unknown>): Promise<string> =>
  (await store.api<Job>('POST', '/api/jobs', { notebook: NAME, config })).id
const epochLines = async (store: Asking, id: string, trial = 0): Promise<LogLine[]> =>
  (await logOf(store, id)).filter((line) => line.trial === trial && line.text.startsWith('epoch '))
const bytesOf = async (url: string, token: string, sha1: string): Promise<Buffer> => {
  const headers = { authorization: `Bearer ${token}` }
  return Buffer.from(await (await fetch(`${url}/api/models/${sha1}/weights`, { headers })).arrayBuffer())
}
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-python-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
const numbers = (count: number, step = 1): number[] => Array.from({ length: count }, (_, i) => (i + 1) * step)

test('a Python client trains through a cut line and a killed store, and everything arrives exactly once', async () => {
  const data = await newFolder()
  const line = await openLine()
  onTestFinished(() => line.close())
  const options = ['--allow-host', `127.0.0.1:${line.port}`]
  let store = await startStoreProcess(data, options)
  line.target = store.port
  const asking = askingAt(
    () => store.url,
    () => store.token,
  )
  const agentToken = (await readFile(join(data, 'token-agent'), 'utf8')).trim()
  const search = startSearch(line.port, agentToken)
  expect(await inState(asking, 'idle')).toMatchObject({ name: NAME, engine: expect.stringMatching(/^Python 3\./) })

  const EPOCHS = 80
  const id = await launch(asking, { EPOCHS, DRAWS: [1, 2], SEED: 7 })
  await until(
    () => epochLines(asking, id),
    ({ length }) => length > 0,
  )
  const cutAt = new Date().toISOString()
  line.cut()
  // As the line breaks while it reads or while it writes.
  await search.says(/closed with 1006|Connection reset|Broken pipe/)
  await store.end('SIGKILL')
  store = await startStoreProcess(data, options)
  line.target = store.port
  const mendedAt = new Date().toISOString()
  line.mend()

  const job = await finished(asking, id)
  expect(job).toMatchObject({
    state: 'done',
    seed: 7,
    trials: [
      { state: 'done', attempt: 1, progress: 1, params: { EPOCHS, DRAWS: 1 } },
      { state: 'done', attempt: 1, progress: 1, params: { EPOCHS, DRAWS: 2 } },
    ],
  })
  const log = await logOf(asking, id)
  expect(log.map(({ seq }) => seq)).toEqual(numbers(log.length))
  const first = await epochLines(asking, id, 0)
  expect(first.map(({ text }) => Number(/^epoch (\d+)/.exec(text)?.[1]))).toEqual(numbers(EPOCHS))
  expect(first.some(({ time }) => time > cutAt && time < mendedAt)).toBe(true)
  const second = await epochLines(asking, id, 1)
  expect(second.map(({ text }) => Number(/^epoch (\d+)/.exec(text)?.[1]))).toEqual([
    ...numbers(EPOCHS),
    ...numbers(EPOCHS),
  ])
  const { items: points } = await asking.api<Items<MetricPoint>>('GET', `/api/jobs/${id}/metrics?limit=100000`)
  for (const [trial, count] of [EPOCHS, 2 * EPOCHS].entries())
    for (const name of ['loss', 'validationAccuracy']) {
      const curve = points.filter((point) => point.trial === trial && point.name === name)
      expect(curve.map(({ step }) => step)).toEqual(numbers(count, 30))
    }

  const { items: models } = await asking.api<Items<Model>>('GET', '/api/models')
  expect(new Set(models.map(({ sha1 }) => sha1))).toEqual(new Set(job.trials.map(({ sha1 }) => sha1)))
  for (const { sha1, sha256, parameterCount } of models) {
    const bytes = await bytesOf(store.url, store.token, sha1)
    expect(createHash('sha1').update(bytes).digest('hex')).toBe(sha1)
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
    const shapes = readWeights(bytes).map(({ name, shape }) => [name, shape])
    expect([shapes, parameterCount]).toEqual([
      [
        ['dense_1/kernel', [64, 3]],
        ['dense_1/bias', [3]],
      ],
      195,
    ])
  }
  const best = Math.max(...models.map(({ metrics }) => metrics.testAccuracy ?? 0))
  const task = await asking.api<TaskStatus>('GET', '/api/tasks/drawn-shapes')
  expect(models.find(({ sha1 }) => sha1 === task.current?.sha1)?.metrics.testAccuracy).toBe(best)
  await search.says(/: deployed: /)
  expect(await search.end('SIGTERM')).toMatchObject({ code: 0 })
  await inState(asking, 'gone')
})

test('a stopped trial is cancelled; one whose process was killed is taken over at once by its successor', async () => {
  const stage = await openStage()
  onTestFinished(() => stage.close())
  const killed = startSearch(stage.store.port, stage.store.agentToken)
  await inState(stage, 'idle')
  const stopped = await launch(stage, { EPOCHS: 10_000, DRAWS: 1000 })
  await until(
    () => epochLines(stage, stopped),
    ({ length }) => length > 0,
  )
  await stage.api('POST', `/api/jobs/${stopped}/stop`)
  expect(await finished(stage, stopped)).toMatchObject({
    state: 'cancelled',
    trials: [{ state: 'cancelled', reason: 'stopped from the store' }],
  })

  const id = await launch(stage, { EPOCHS: 100, DRAWS: 1 })
  await until(
    () => epochLines(stage, id),
    ({ length }) => length > 0,
  )
  await killed.end('SIGKILL')
  await inState(stage, 'unreachable')
  const successor = startSearch(stage.store.port, stage.store.agentToken)
  await successor.says(new RegExp(`^registered as ${NAME}\n`))
  expect(await finished(stage, id)).toMatchObject({ state: 'done', trials: [{ state: 'done', attempt: 2 }] })
})

test('the demo loads and serves a model that Python trained, and both compute the same', async () => {
  const stage = await openStage()
  onTestFinished(() => stage.close())
  const demo = await stage.demo()
  startSearch(stage.store.port, stage.store.agentToken)
  await inState(stage, 'idle')
  const id = await launch(stage, { EPOCHS: 20, DRAWS: 4, SEED: 3 })
  const { sha1 } = (await finished(stage, id)).trials[0] ?? {}
  await until(
    () => fetch(`${demo.url}api/current`).then((answer) => answer.json() as Promise<Items<{ sha1: string }>>),
    ({ items }) => items[0]?.sha1 === sha1,
  )
  const ring = Buffer.from(numbers(64).map((n) => (isRing((n - 1) % 8, Math.floor((n - 1) / 8)) ? 190 : 60)))
  const png = await sharp(ring, { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toBuffer()
  const answer = await fetch(`${demo.url}api/predict?task=drawn-shapes`, { method: 'POST', body: png })
  const { predictions } = (await answer.json()) as { predictions: { className: string; probability: number }[] }
  const expected = softmaxOf(await bytesOf(stage.store.url, stage.store.token, sha1 ?? ''), ring)
  expect(predictions[0]?.className).toBe('ring')
  for (const { className, probability } of predictions)
    expect(probability).toBeCloseTo(expected[CLASSES.indexOf(className)] ?? Number.NaN, 5)
})

/** A square outline of side 6 in the middle of 8 × 8 pixels. */
const isRing = (x: number, y: number): boolean =>
  [1, 6].includes(x) || [1, 6].includes(y) ? inside(x) && inside(y) : false
const inside = (at: number): boolean => at >= 1 && at <= 6

/** softmax(pixels / 255 · kernel + bias), from the file's bytes. */
function softmaxOf(file: Buffer, pixels: Uint8Array): number[] {
  const [kernel, bias] = readWeights(file)
  const exps = CLASSES.map((_, c) => {
    const sums = [...pixels].map((pixel, p) => (pixel / 255) * (kernel?.data[p * CLASSES.length + c] ?? 0))
    return Math.exp((bias?.data[c] ?? 0) + sums.reduce((a, b) => a + b, 0))
  })
  return exps.map((value) => value / exps.reduce((a, b) => a + b, 0))
}

test('a token that was replaced is final, and said to be the reason', async () => {
  const stage = await openStage()
  onTestFinished(() => stage.close())
  const search = startSearch(stage.store.port, stage.store.agentToken)
  await inState(stage, 'idle')
  await stage.api('POST', '/api/tokens/agent/rotate')
  const [code] = await once(search.child, 'close')
  expect(code).toBe(1)
  await search.says(/closed with 4401 .*\nthe token was replaced: start again with the new one/)
})
