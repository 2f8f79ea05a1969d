import { CLOSE, type LogLine, PROTOCOL_VERSION, parseToPage, type ToPage } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { call, type FakeAgent, fakeAgent, logRecord, metricRecord, type Run, refOf } from '../testing/fakeAgent.ts'
import { openPeer, type TestPeer } from '../testing/peer.ts'
import { openTestDemo, openTestPage, startTestStore } from '../testing/testStore.ts'
import { takeBatch } from './follow.ts'

/** Lines of a followed job until `last` has come. */
async function linesUntil(page: TestPeer<ToPage>, last: number): Promise<LogLine[]> {
  const lines: LogLine[] = []
  while ((lines.at(-1)?.seq ?? 0) < last) lines.push(...(await page.next('log')).lines)
  return lines
}

async function sendLines(agent: FakeAgent, run: Run, first: number, count: number): Promise<void> {
  for (let at = first; at < first + count; at += 250) {
    const size = Math.min(250, first + count - at)
    const id = agent.records(
      run,
      at,
      Array.from({ length: size }, (_, i) => logRecord(`line ${at + i}`)),
    )
    await agent.answer(id)
  }
}

test('a page that follows gets the log once and in order, through catching up, living on and a reconnect', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await sendLines(agent, run, 1, 3000)
  const page = await openTestPage(store)
  page.send({ type: 'follow', job: job.id, afterLog: 0, afterMetric: 0 })
  const live = sendLines(agent, run, 3001, 500)
  const seen = await linesUntil(page, 2000)
  await page.cut()
  await live
  const back = await openTestPage(store)
  back.send({ type: 'follow', job: job.id, afterLog: seen.at(-1)?.seq, afterMetric: 0 })
  await sendLines(agent, run, 3501, 100)
  const lines = [...seen, ...(await linesUntil(back, 3601))]
  expect(lines.map(({ seq }) => seq)).toEqual(Array.from({ length: 3601 }, (_, i) => i + 1))
  expect(lines.slice(1).map(({ text }) => text)).toEqual(Array.from({ length: 3600 }, (_, i) => `line ${i + 1}`))
})

test('curves follow by their own cursor, and after unfollow nothing more comes', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [metricRecord(1, 0.5), metricRecord(2, 0.25), metricRecord(3, 0.125)]))
  const page = await openTestPage(store)
  page.send({ type: 'follow', job: job.id, afterLog: 1, afterMetric: 1 })
  expect((await page.next('metrics')).points.map(({ seq, value }) => [seq, value])).toEqual([
    [2, 0.25],
    [3, 0.125],
  ])
  page.send({ type: 'unfollow', job: job.id })
  page.send({ type: 'follow', job: 'nobody', afterLog: 0, afterMetric: 0 })
  expect(await page.next('refused')).toMatchObject({ error: { code: 'E_NOT_FOUND' } })
  await agent.answer(agent.records(run, 4, [metricRecord(4, 0.1), logRecord('after')]))
  page.send({ type: 'follow', job: job.id, afterLog: 1, afterMetric: 3 })
  expect((await page.next('metrics')).points.map(({ seq }) => seq)).toEqual([4])
  expect((await page.next('log')).lines.map(({ text }) => text)).toEqual(['after'])
  expect(page.waiting.filter(({ type }) => type === 'metrics' || type === 'log')).toEqual([])
})

test('a batch has at most 64 KiB and at least one record', () => {
  const line = (size: number) => ({ text: 'x'.repeat(size - '{"text":""}'.length) })
  expect(takeBatch(Array.from({ length: 10 }, () => line(16 * 1024)))).toHaveLength(4)
  expect(takeBatch([line(200 * 1024), line(20)])).toHaveLength(1)
  expect(takeBatch([])).toEqual([])
})

test('progress of a trial comes as one message with the latest value, and the job ends with all of it', async () => {
  const store = await startTestStore({ times: { coalesceMs: 60_000 } })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  for (let step = 1; step <= 50; step++)
    agent.send({ type: 'progress', ...refOf(run), progress: step / 100, metrics: { loss: 1 / step } })
  await agent.finish(run, 1, 0.5)
  const done = await page.next('job', ({ job }) => job.state === 'done')
  expect(done.job.trials[0]).toMatchObject({ progress: 1, metrics: { testAccuracy: 0.5 } })
  // Nothing of the fifty was due before the job's own message made them needless.
  expect(page.waiting.filter(({ type }) => type === 'trial')).toEqual([])
})

test('a trial’s progress reaches the page', async () => {
  const store = await startTestStore({ times: { coalesceMs: 1 } })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  agent.send({ type: 'progress', ...refOf(run), progress: 0.4, metrics: { accuracy: 0.2 } })
  expect(await page.next('trial')).toMatchObject({ job: run.job, trial: { progress: 0.4, metrics: { accuracy: 0.2 } } })
})

test('a second page sees in its snapshot what the first one saw happen', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await agent.finish(await agent.next('run'), 1, 0.5)
  const snapshot = await (await openTestPage(store)).next('snapshot')
  expect(snapshot).toMatchObject({
    notebooks: [{ name: 'pets', state: 'idle' }],
    jobs: [{ id: job.id, number: 1, state: 'done', logLines: 2 }],
    models: [{ verdict: { deployed: true }, origins: [{ job: job.id }] }],
    tasks: [{ name: 'pets', revision: 1, pinned: false, demo: null }],
    deployments: [{ revision: 1 }],
    totals: { jobs: 1, models: 1 },
  })
  expect(snapshot.models[0]).not.toHaveProperty('topology')
})

const hello = { type: 'hello', version: PROTOCOL_VERSION, role: 'page' }
test.each([
  ['no JSON', '{', CLOSE.badMessage],
  ['another first message', { type: 'follow', job: 'a', afterLog: 0, afterMetric: 0 }, CLOSE.badMessage],
  ['an unknown role', { ...hello, role: 'king' }, CLOSE.badMessage],
  ['an agent without an instance', { ...hello, role: 'agent' }, CLOSE.badMessage],
  ['an older version', { ...hello, version: 0 }, CLOSE.version],
  ['a newer version', { ...hello, version: 99 }, CLOSE.version],
  ['nesting without end', '['.repeat(100_000), CLOSE.badMessage],
])('a connection that begins with %s is closed', async (_, first, code) => {
  const store = await startTestStore()
  const peer = await openPeer(store.url, store.token, parseToPage)
  peer.send(first)
  expect(await peer.closed).toMatchObject({ code })
})

test('a connection that says nothing is closed; a frame of more than 1 MiB is not read', async () => {
  const store = await startTestStore({ times: { helloTimeoutMs: 10 } })
  const silent = await openPeer(store.url, store.token, parseToPage)
  expect(await silent.closed).toMatchObject({ code: CLOSE.helloTimeout })
  const large = await openTestPage(await startTestStore())
  large.send('x'.repeat(1024 * 1024 + 1))
  expect(await large.closed).toMatchObject({ code: 1009 })
})

test('a message of a wrong shape is refused by its id, and the connection goes on', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  agent.send({ type: 'register', id: 'r1', name: 7 })
  expect(await agent.next('refused')).toMatchObject({ id: 'r1', error: { code: 'E_MESSAGE', at: 'name' } })
  expect(await agent.join('pets')).toMatchObject({ name: 'pets' })
})

test('a token reaches only its own role', async () => {
  const store = await startTestStore()
  await expect(fakeAgent(store, 'i', store.viewerToken)).rejects.toThrow('4403')
  await expect(openTestPage(store, store.agentToken)).rejects.toThrow('4403')
  await expect(openTestDemo(store, store.agentToken)).rejects.toThrow('4403')
  await fakeAgent(store, 'i', store.agentToken)
  await openTestDemo(store, store.viewerToken)
  expect((await openTestPage(store, store.viewerToken)).waiting).toMatchObject([{ type: 'snapshot' }])
})

test('pages hear a ping, and a peer that answers none is cut', async () => {
  const store = await startTestStore({ times: { pingIntervalMs: 5, deadAfterMs: 1500 } })
  const page = await openTestPage(store)
  const mute = await openPeer(store.url, store.token, parseToPage, { autoPong: false })
  mute.send(hello)
  expect(await mute.closed).toMatchObject({ code: 1006 })
  // The other one answers, so it is still there.
  for (let i = 0; i < 3; i++) await page.next('ping')
})
