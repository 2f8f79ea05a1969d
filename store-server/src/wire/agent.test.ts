import { expect, test } from 'vitest'
import {
  call,
  fakeAgent,
  logRecord,
  metricRecord,
  refOf,
  reportOf,
  TEST_TASK,
  upload,
  weightsOf,
} from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const textsOf = async (store: Parameters<typeof call>[0], job: string): Promise<string[]> =>
  (await call(store, 'GET', `/api/jobs/${job}/log`)).json.items.map(({ text }: { text: string }) => text)
const trialsOf = async (store: Parameters<typeof call>[0], job: string) =>
  (await call(store, 'GET', `/api/jobs/${job}`)).json.trials

test('a batch is stored once however often it comes; a hole is refused with what is missing', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const batch = [logRecord('one'), metricRecord(1, 0.5), logRecord('two')]
  for (let i = 0; i < 3; i++) expect(await agent.answer(agent.records(run, 1, batch))).toMatchObject({ type: 'ack' })
  expect(await agent.answer(agent.records(run, 3, [logRecord('two'), logRecord('three')]))).toMatchObject({
    type: 'ack',
  })
  const hole = await agent.answer(agent.records(run, 9, [logRecord('nine')]))
  expect(hole).toMatchObject({ type: 'refused', error: { code: 'E_GAP', expected: '5', got: '9' } })
  expect((await textsOf(store, run.job)).slice(1)).toEqual(['one', 'two', 'three'])
  expect((await call(store, 'GET', `/api/jobs/${run.job}/metrics`)).json.items).toHaveLength(1)
})

test('done without weights is refused and may be said again; said twice it counts once', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const report = reportOf(await upload(store, weightsOf(5)), 0.4)
  const missing = { ...report, sha1: 'f'.repeat(40) as typeof report.sha1 }
  expect(await agent.answer(agent.done(run, missing))).toMatchObject({
    type: 'refused',
    error: { code: 'E_NO_WEIGHTS' },
  })
  const twice = [agent.done(run, report), agent.done(run, report)]
  for (const id of twice) expect(await agent.answer(id)).toMatchObject({ type: 'ack' })
  expect(await agent.answer(agent.done(run, report))).toMatchObject({ type: 'ack' })
  const models = (await call(store, 'GET', '/api/models')).json.items
  expect(models).toMatchObject([{ sha1: report.sha1, origins: [{ job: run.job, trial: 0, attempt: 1 }] }])
  expect((await call(store, 'GET', '/api/tasks/pets/deployments')).json.items).toHaveLength(1)
  expect((await textsOf(store, run.job)).filter((text) => text.startsWith('Uploaded'))).toHaveLength(1)
})

test('weights that are no safetensors file fail the trial; weights with NaN are kept and never deployed', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2] } })
  const run = await agent.next('run')
  const pickle = await upload(store, Buffer.from('\x80\x04no weights at all'))
  expect(await agent.answer(agent.done(run, reportOf(pickle, 0.9)))).toMatchObject({
    type: 'refused',
    error: { code: 'E_SAFETENSORS' },
  })
  expect((await trialsOf(store, run.job))[0]).toMatchObject({ state: 'failed', attempt: 1 })
  const second = await agent.next('run')
  expect(await agent.finish(second, Number.NaN, 0.99)).toMatchObject({ deployed: false, code: 'non-finite' })
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({ current: null, revision: 0 })
  const { sha1 } = (await trialsOf(store, run.job))[1]
  const byHand = await call(store, 'POST', '/api/tasks/pets/deployments', { sha1 })
  expect(byHand).toMatchObject({
    status: 409,
    json: { error: { code: 'E_UNDEPLOYABLE', got: 'a weight is not a finite number' } },
  })
})

test('a passing failure is tried again with a new lease, a permanent one is not until a person retries', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const first = await agent.next('run')
  const failed = { type: 'failed', ...refOf(first), reason: 'socket hang up', permanent: false }
  agent.send({ ...failed, id: 'f1' })
  const second = await agent.next('run')
  expect(second).toMatchObject({ attempt: 2, trial: 0 })
  expect(second.lease).not.toBe(first.lease)
  agent.send({ ...failed, id: 'f1' })
  await agent.answer('f1')
  expect(await agent.answer('f1')).toMatchObject({ type: 'ack' })
  expect((await trialsOf(store, job.id))[0]).toMatchObject({ state: 'running', attempt: 2 })
  agent.send({ type: 'failed', ...refOf(second), id: 'f2', reason: 'out of memory', permanent: true })
  await agent.answer('f2')
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json).toMatchObject({
    state: 'failed',
    trials: [{ reason: 'out of memory' }],
  })
  const again = await call(store, 'POST', `/api/jobs/${job.id}/retry`)
  expect(again).toMatchObject({ status: 200, json: { state: 'running', trials: [{ state: 'running', attempt: 3 }] } })
  await agent.finish(await agent.next('run'), 1, 0.5)
  expect(await call(store, 'POST', `/api/jobs/${job.id}/retry`)).toMatchObject({
    status: 409,
    json: { error: { code: 'E_STATE' } },
  })
})

test('a retry waits for the job that runs, and goes before those that wait', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const launch = async (filters: number[]) =>
    (await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: filters } })).json.id
  const [first, second, third] = [await launch([1, 2]), await launch([3, 4]), await launch([5])]
  const run = await agent.next('run')
  agent.send({ type: 'failed', id: 'f', ...refOf(run), reason: 'out of memory', permanent: true })
  await agent.finish(await agent.next('run'), 1, 0.5)
  const running = await agent.next('run')
  expect(running.job).toBe(second)
  await call(store, 'POST', `/api/jobs/${first}/retry`)
  await agent.finish(running, 2, 0.5)
  const order = []
  for (const value of [3, 4, 5]) {
    const next = await agent.next('run')
    order.push([next.job, next.trial])
    await agent.finish(next, value, 0.5)
  }
  expect(order).toEqual([
    [second, 1],
    [first, 0],
    [third, 0],
  ])
})

test('a stop reaches the kernel, ends the job when it answers, and the next job begins', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets', { slots: 2 })
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2, 3] } })
  const runs = [await agent.next('run'), await agent.next('run')]
  expect(runs.map(({ trial }) => trial)).toEqual([0, 1])
  const { json: next } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  expect(next).toMatchObject({ state: 'queued', position: 1 })
  expect((await call(store, 'POST', `/api/jobs/${job.id}/stop`)).json).toMatchObject({
    state: 'stopping',
    trials: [{ state: 'running' }, { state: 'running' }, { state: 'cancelled' }],
  })
  for (const run of runs) {
    expect(await agent.next('stop')).toMatchObject({ job: job.id })
    agent.send({ type: 'cancelled', ...refOf(run), id: `c${run.trial}`, reason: 'stopped' })
  }
  expect(await agent.next('run')).toMatchObject({ job: next.id })
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json).toMatchObject({ state: 'cancelled' })
})

test('a notebook that is cut off keeps its attempt, and a stop waits for it', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.cut()
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable' && notebook.job === job.id)
  await call(store, 'POST', `/api/jobs/${job.id}/stop`)
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.state).toBe('stopping')
  const back = await fakeAgent(store, 'kernel')
  expect(await back.join('pets', { attempts: [refOf(run)] })).toMatchObject({ name: 'pets', fenced: [] })
  expect(await back.next('stop')).toMatchObject({ job: job.id, trial: 0 })
  expect(back.waiting.filter(({ type }) => type === 'run')).toEqual([])
  back.send({ type: 'cancelled', ...refOf(run), id: 'c', reason: 'stopped' })
  await page.next('job', (message) => message.job.state === 'cancelled')
})

test('a trial that a returning kernel never heard of is told again with the same lease', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.cut()
  const back = await fakeAgent(store, 'kernel')
  await back.join('pets')
  expect(await back.next('run')).toEqual(run)
})

test('a task keeps its metric', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const other = { ...TEST_TASK, metric: { ...TEST_TASK.metric, direction: 'min' } }
  const second = await fakeAgent(store)
  expect(await second.answer(second.register('pets', { task: other }))).toMatchObject({ error: { code: 'E_TASK' } })
})
