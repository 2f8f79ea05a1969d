// A store that gets little: few open files, a small heap.
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { call, fakeAgent, logRecord, upload, weightsOf } from '../store-server/src/testing/fakeAgent.ts'
import { openRaw } from '../store-server/src/testing/raw.ts'
import { createCast } from './cast.ts'
import { withSeed } from './random.ts'
import { type StoreProcessOptions, startStoreProcess } from './storeProcess.ts'

const TIMEOUT_MS = 120_000

async function newFolder(): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), 'pawprint-limits-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  return join(parent, 'data')
}

async function start(options: StoreProcessOptions) {
  const { store, ended } = await startStoreProcess(await newFolder(), options)
  if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
  onTestFinished(store.kill)
  return { store, ended }
}

/** A notebook with a trial under way. */
async function train(options: StoreProcessOptions) {
  const started = await start(options)
  const { store } = started
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const say = (first: number, text: string) => agent.answer(agent.records(run, first, [logRecord(text)]))
  expect(await say(1, 'one')).toMatchObject({ type: 'ack' })
  const lines = async (): Promise<string[]> =>
    (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json.items.map(({ text }: { text: string }) => text)
  return { ...started, say, lines }
}

test('strangers who connect and say nothing leave the store the files that it needs', {
  timeout: TIMEOUT_MS,
}, async () => {
  const limit = 256
  const { store, say, lines } = await train({ under: ['sh', '-c', `ulimit -n ${limit}; exec "$0" "$@"`] })
  const silent = Array.from({ length: 2 * limit }, () => openRaw(store.port))
  // Those for which there is no place are ended at once.
  await Promise.race(silent.map(({ ended }) => ended))
  expect(await say(2, 'two')).toMatchObject({ type: 'ack' })
  for (const { socket } of silent) socket.destroy()
  await expect.poll(() => lines().catch(() => []), { timeout: 20_000 }).toEqual(expect.arrayContaining(['one', 'two']))
})

const allowFiles = (pid: number, soft: number): void => {
  const { status, stderr } = spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${soft}:`])
  expect({ status, stderr: String(stderr) }).toEqual({ status: 0, stderr: '' })
}

test('a store that may open no more files says so, acknowledges nothing, and goes on when it may', {
  timeout: TIMEOUT_MS,
}, async () => {
  const { store, ended, say, lines } = await train({})
  allowFiles(store.pid, 10)
  expect(await say(2, 'two')).toMatchObject({ type: 'refused', error: { code: 'E_INTERNAL' } })
  await expect(upload(store, weightsOf(1))).rejects.toThrow()
  allowFiles(store.pid, 1024)
  expect(await lines()).not.toContain('two')
  expect(await say(2, 'two')).toMatchObject({ type: 'ack' })
  expect(await upload(store, weightsOf(1))).toEqual(expect.any(String))
  expect((await lines()).filter((text) => ['one', 'two'].includes(text))).toEqual(['one', 'two'])
  store.signal('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, err: expect.stringContaining('EMFILE') })
})

/** JSON of nearly 1 MiB that takes many times as much memory. */
const WIDE = `{"notebook":"left","config":{"A":[${'[],'.repeat(340_000)}[]]}}`
const AT_ONCE = 100

const withHeap = (megabytes: number): string[] => ['env', `NODE_OPTIONS=--max-old-space-size=${megabytes}`]

test('a store whose memory ends dies of it, as by kill -9, and nothing is lost', { timeout: TIMEOUT_MS }, () =>
  withSeed(async (random) => {
    const cast = await createCast(random)
    const { store, ended } = await cast.start({ under: withHeap(24) })
    if (store === null) throw new Error(`the store does not start: ${JSON.stringify(await ended)}`)
    const headers = { authorization: `Bearer ${store.token}`, 'content-type': 'application/json' }
    const flood = () =>
      Promise.allSettled(
        Array.from({ length: AT_ONCE }, () => fetch(`${store.url}/api/jobs`, { method: 'POST', headers, body: WIDE })),
      )
    let flooded: Promise<unknown> | null = null
    cast.after(30, () => {
      flooded ??= flood()
    })
    await cast.work(store, async () => {
      await (flooded ?? flood())
      store.signal('SIGTERM')
    })
    expect(await ended).toMatchObject({ code: null, signal: 'SIGABRT' })
    await cast.finish()
  }),
)
