import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CurrentModel, type DataReport, parse } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { StoreOptions } from './options.ts'
import { drawTokens } from './service/token.ts'
import { startStore } from './startStore.ts'
import { createMemoryStorage } from './storage/memory.ts'
import { call, fakeAgent, logRecord, metricRecord, refOf, sha1Of, upload, weightsOf } from './testing/fakeAgent.ts'
import { startTestStore } from './testing/testStore.ts'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-store-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'data')
}

const kinds: [string, () => Promise<StoreOptions>][] = [
  ['memory', async () => ({ storage: createMemoryStorage() })],
  ['a data folder', async () => ({ dataDir: await newFolder() })],
]

const none = { count: 0, examples: [] }
const DATA: DataReport = {
  classNames: ['cat', 'dog'],
  imageSize: 8,
  counts: { train: [5, 4], validation: [0, 0], test: [2, 1] },
  duplicates: { leaks: { count: 1, examples: ['cat/1.png = cat/2.png'] }, ambiguous: none, others: none },
  broken: none,
  pictures: null,
  channels: null,
  violations: [{ message: 'too few', advice: 'Add pictures.' }],
}

test.each(kinds)('a restart in the middle of a job loses nothing (%s)', async (_, create) => {
  const options = await create()
  const first = await startTestStore(options)
  const agent = await fakeAgent(first, 'kernel')
  await agent.join('pets', { data: DATA })
  await call(first, 'POST', '/api/notebooks/pets/config', { EPOCHS: 4 })
  const { json: job } = await call(first, 'POST', '/api/jobs', {
    notebook: 'pets',
    config: { NUM_FILTERS: [1, 2] },
    requestId: 'r',
  })
  const { json: queued } = await call(first, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.finish(await agent.next('run'), 1, 0.4)
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [logRecord('one'), metricRecord(1, 0.5), logRecord('two')]))
  await call(first, 'PUT', '/api/tasks/pets/pin')
  const before = (await call(first, 'GET', '/api/models')).json
  await first.close()
  expect(await agent.closed).toMatchObject({ code: 1012 })

  const store = await startTestStore(options)
  const notebook = (await call(store, 'GET', '/api/notebooks')).json.items[0]
  expect(notebook).toMatchObject({
    state: 'unreachable',
    job: job.id,
    config: { EPOCHS: 4 },
    trialSeconds: 2,
    data: DATA,
  })
  const jobs = (await call(store, 'GET', '/api/jobs')).json.items
  expect(jobs).toMatchObject([
    { id: queued.id, state: 'queued', position: 1 },
    { id: job.id, state: 'running', data: DATA, trials: [{ state: 'done' }, { state: 'running', attempt: 1 }] },
  ])
  expect((await call(store, 'GET', '/api/models')).json).toEqual(before)
  expect((await call(store, 'POST', '/api/jobs', { notebook: 'pets', requestId: 'r' })).json.id).toBe(job.id)
  const back = await fakeAgent(store, 'kernel')
  await back.join('pets', { attempts: [refOf(run)] })
  // The acknowledgement was lost: the agent sends its batch again, and goes on.
  await back.answer(back.records(run, 1, [logRecord('one'), metricRecord(1, 0.5), logRecord('two')]))
  await back.answer(back.records(run, 4, [logRecord('three'), metricRecord(2, 0.4)]))
  expect(await back.finish(run, 2, 0.6)).toMatchObject({ code: 'pinned' })
  // What the kernel says of its data now is true; a job that began before has what they were then.
  expect((await call(store, 'GET', '/api/notebooks/pets')).json).not.toHaveProperty('data')
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.data).toEqual(DATA)
  const log = (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json.items
  expect(log.map(({ seq }: { seq: number }) => seq)).toEqual(log.map((_line: unknown, i: number) => i + 1))
  expect(
    log
      .filter(({ trial, text }: { trial: number; text: string }) => trial === 1 && !text.startsWith('Upl'))
      .map(({ text }: { text: string }) => text),
  ).toEqual(['one', 'two', 'three'])
  const { items } = (await call(store, 'GET', `/api/jobs/${job.id}/metrics`)).json
  expect(items.map(({ step }: { step: number }) => step)).toEqual([1, 2])
  expect(await back.next('run')).toMatchObject({ job: queued.id })
})

test.each(kinds)(
  'a trial goes on from its checkpoint after the store and its kernel were away (%s)',
  async (_, create) => {
    const options = await create()
    const first = await startTestStore(options)
    const agent = await fakeAgent(first, 'kernel')
    await agent.join('pets')
    await call(first, 'POST', '/api/jobs', { notebook: 'pets' })
    const run = await agent.next('run')
    const bytes = weightsOf(1, 2, 3)
    await upload(first, bytes)
    agent.send({ type: 'checkpoint', id: 'c', ...refOf(run), sha1: sha1Of(bytes), step: 7, progress: 0.5 })
    expect(await agent.answer('c')).toMatchObject({ type: 'ack' })
    await first.close()

    const store = await startTestStore(options)
    const successor = await fakeAgent(store, 'restarted')
    await successor.join('pets', { replaces: 'kernel' })
    const next = await successor.next('run')
    expect(next).toMatchObject({ attempt: 2, checkpoint: { sha1: sha1Of(bytes), step: 7 } })
    const path = `${store.url}/api/jobs/${next.job}/trials/0/checkpoint`
    const answer = await fetch(path, { headers: { authorization: `Bearer ${store.agentToken}` } })
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes)
  },
)

test('what serves is written for the demo, at each deployment and again at start, and removed by clearing', async () => {
  const dataDir = await newFolder()
  const first = await startTestStore({ dataDir })
  const agent = await fakeAgent(first)
  await agent.join('pets')
  await call(first, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.finish(await agent.next('run'), 1, 0.4)
  const path = join(dataDir, 'deployed', 'pets', 'current.json')
  const current = parse(CurrentModel, JSON.parse(await readFile(path, 'utf8')))
  expect(current).toMatchObject({
    deployment: { revision: 1 },
    model: { sha1: sha1Of(weightsOf(1)) },
    topology: { layers: [] },
  })
  await first.close()
  await rm(path)
  const store = await startTestStore({ dataDir })
  expect(parse(CurrentModel, JSON.parse(await readFile(path, 'utf8')))).toEqual(current)
  await call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('tokens are made once, and only their owner may read them', async () => {
  const dataDir = await newFolder()
  const first = await startTestStore({ dataDir })
  await first.close()
  const second = await startTestStore({ dataDir })
  expect(second.token).toBe(first.token)
  expect(second.token).toMatch(/^[\w-]{43}$/)
  expect((await readFile(join(dataDir, 'token'), 'utf8')).trim()).toBe(first.token)
  for (const name of ['token', 'token-agent', 'token-viewer'])
    expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600)
  expect(new Set([second.token, second.agentToken, second.viewerToken]).size).toBe(3)
})

test('tokens that are given are the ones that open the store', async () => {
  const tokens = drawTokens()
  const store = await startTestStore({ tokens })
  expect(store).toMatchObject({ token: tokens.operator, agentToken: tokens.agent, viewerToken: tokens.viewer })
  expect(await call(store, 'GET', '/api/tasks')).toMatchObject({ status: 200 })
})

test('weights without a registry are no empty start', async () => {
  const storage = createMemoryStorage()
  const store = await startTestStore({ storage })
  await upload(store, weightsOf(1))
  await store.close()
  await (await startStore({ storage, port: 0 })).close()
  await storage.documents.remove('registry')
  await expect(startStore({ storage, port: 0 })).rejects.toMatchObject({ code: 'E_CORRUPT', at: 'registry' })
})
