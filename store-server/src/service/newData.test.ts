import type { Job, Notebook } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { call, type FakeAgent, fakeAgent, refOf, reportOf, TEST_TASK, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const [OLD, NEW, NEWER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
const found = (data: string, since: string | null, added = 0) => ({
  type: 'data',
  found: {
    data,
    since,
    images: 40 + added,
    leftOut: 1,
    changes: since === null ? null : { added, changed: 0, removed: 0 },
  },
})
const notebookOf = async (store: RunningStore): Promise<Notebook> =>
  (await call(store, 'GET', '/api/notebooks/pets')).json
const jobsOf = async (store: RunningStore): Promise<Job[]> => (await call(store, 'GET', '/api/jobs')).json.items
const trainOn = (store: RunningStore, body: object = {}) => call(store, 'POST', '/api/notebooks/pets/train', body)
const logOf = async (store: RunningStore, job: string): Promise<string> => {
  const { items } = (await call(store, 'GET', `/api/jobs/${job}/log`)).json
  return items.map(({ text }: { text: string }) => text).join('\n')
}

let values = 0
/** Ends the trial that the agent is given next, as trained on these images; resolves with its weights' name. */
async function finishOn(store: RunningStore, agent: FakeAgent, data: string): Promise<string> {
  const run = await agent.next('run')
  const sha1 = await upload(store, weightsOf(++values))
  await agent.answer(agent.done(run, reportOf(sha1, values / 1000), { data }))
  return sha1
}

/** A notebook that was trained on the old images once, with other values than it has now, and has found `added` new ones. */
async function begin(added: number, options: Parameters<typeof startTestStore>[0] = {}) {
  const store = await startTestStore(options)
  const page = await openTestPage(store)
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  agent.send(found(OLD, null))
  await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { EPOCHS: 3, LEARNING_RATE: [0.1] } })
  const sha1 = await finishOn(store, agent, OLD)
  expect(await agent.next('trained')).toEqual({ type: 'trained', data: OLD })
  agent.send(found(NEW, OLD, added))
  await page.next('notebook', ({ notebook }) => notebook.newData?.found?.data === NEW)
  return { store, page, agent, sha1 }
}

test('pages see what is in the folders; of images that were just trained on nothing is new', async () => {
  const { store, page, agent } = await begin(12)
  expect((await notebookOf(store)).newData).toEqual({
    ...found(NEW, OLD, 12),
    type: undefined,
    trained: OLD,
    automatic: null,
  })
  agent.send({ type: 'data', found: null, problem: 'the folder is not there' })
  await page.next('notebook', ({ notebook }) => notebook.newData?.problem === 'the folder is not there')
  agent.send(found(NEW, OLD, 12))
  await trainOn(store)
  await finishOn(store, agent, NEW)
  const { newData } = await notebookOf(store)
  expect(newData?.found).toMatchObject({ data: NEW, since: NEW, changes: { added: 0, changed: 0, removed: 0 } })
})

test('an agent that compares with other images than those of the last training is told which these are', async () => {
  const { agent } = await begin(12)
  agent.send(found(NEW, null))
  expect(await agent.next('trained')).toEqual({ type: 'trained', data: OLD })
  agent.send(found(NEW, NEWER, 3))
  expect(await agent.next('trained')).toEqual({ type: 'trained', data: OLD })
})

test('training on new data takes the values of the last training; of two who ask at once each gets the same job', async () => {
  const { store, agent, sha1 } = await begin(12)
  const both = await Promise.all([trainOn(store), trainOn(store), trainOn(store, { requestId: 'third' })])
  expect(both.map(({ status }) => status).sort()).toEqual([200, 200, 201])
  expect(new Set(both.map(({ json }) => json.id)).size).toBe(1)
  const run = await agent.next('run')
  expect(run).toMatchObject({ params: { EPOCHS: 3, LEARNING_RATE: 0.1 }, newData: { initialWeights: null } })
  expect(await logOf(store, run.job)).toContain(
    'on the images that are there now, asked for by a person (12 new images since the last training); with the values of job 1; begins with fresh weights.',
  )
  expect((await jobsOf(store)).length).toBe(2)
  await call(store, 'POST', `/api/jobs/${run.job}/stop`)
  agent.send({ type: 'cancelled', id: 'c1', ...refOf(run), reason: 'stopped' })
  await agent.next('ack')
  const begun = await trainOn(store, { initialWeights: 'deployed' })
  expect([begun.status, begun.json.newData.initialWeights]).toEqual([201, sha1])
  expect((await agent.next('run')).newData).toEqual({ initialWeights: sha1 })
})

test('a model that began with another’s weights is reproduced from these, and that is no training on new data', async () => {
  const { store, agent, sha1 } = await begin(12)
  await trainOn(store, { initialWeights: sha1 })
  const warm = await finishOn(store, agent, NEW)
  await call(store, 'POST', `/api/models/${warm}/reproduce`)
  expect(await agent.next('run')).toMatchObject({ engine: 'fake', newData: { initialWeights: sha1 } })
  expect((await trainOn(store)).status).toBe(201)
})

test('values that the notebook’s schema no longer takes are its present ones', async () => {
  const { store, agent } = await begin(1)
  const { schema } = await notebookOf(store)
  const narrow = schema.map((field) => (field.key === 'EPOCHS' ? { ...field, max: 2 } : field))
  await agent.join('pets', { schema: narrow })
  agent.send(found(NEW, OLD, 1))
  await trainOn(store)
  expect((await agent.next('run')).params).toMatchObject({ EPOCHS: 1, LEARNING_RATE: 0.1 })
})

test.each([
  [{ initialWeights: 'newest' }, 422, 'E_MESSAGE'],
  [{ initialWeights: 'f'.repeat(40) }, 404, 'E_NOT_FOUND'],
  [{ requestId: 'not an id' }, 422, 'E_MESSAGE'],
])('asked for with %j it is refused with %i %s, and nothing is launched', async (body, status, code) => {
  const { store } = await begin(1)
  expect(await trainOn(store, body)).toMatchObject({ status, json: { error: { code } } })
  expect((await jobsOf(store)).length).toBe(1)
})

test('a notebook without folders, with folders that are gone, without a deployed model, with one of another task', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const problem = async (body: object = {}) => (await trainOn(store, body)).json.error
  expect(await problem()).toMatchObject({ code: 'E_STATE', expected: 'one that watches folders' })
  const on = await call(store, 'PUT', '/api/notebooks/pets/automatic', { atLeast: 1, warmStart: true })
  expect(on.json.error).toMatchObject({ code: 'E_STATE', expected: 'one that watches folders' })
  agent.send({ type: 'data', found: null, problem: 'pets: expected a folder, got nothing there' })
  agent.send({ type: 'reproduce', id: 'flush', sha1: 'f'.repeat(40) })
  await agent.next('refused')
  expect(await problem()).toMatchObject({ code: 'E_STATE', got: 'pets: expected a folder, got nothing there' })
  await agent.join('pets')
  expect(await problem()).toMatchObject({ code: 'E_STATE', expected: 'one that has said what is in its folders' })
  agent.send(found(OLD, null))
  agent.send({ type: 'reproduce', id: 'flush', sha1: 'f'.repeat(40) })
  await agent.next('refused')
  expect(await problem({ initialWeights: 'deployed' })).toMatchObject({ code: 'E_STATE', expected: 'a deployed model' })
  const other = await fakeAgent(store)
  await other.join('dogs', { task: { ...TEST_TASK, name: 'dogs' } })
  await call(store, 'POST', '/api/jobs', { notebook: 'dogs' })
  const sha1 = await finishOn(store, other, NEW)
  expect(await problem({ initialWeights: sha1 })).toMatchObject({ code: 'E_TASK', got: 'one of dogs' })
  agent.send({ type: 'goodbye' })
  await page.next('notebook', ({ notebook }) => notebook.name === 'pets' && notebook.state === 'gone')
  expect(await problem()).toMatchObject({ code: 'E_GONE' })
})

test('clearing the store forgets what was trained on, and the agent is told', async () => {
  const { store, agent } = await begin(12)
  await call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  expect(await agent.next('trained')).toEqual({ type: 'trained', data: null })
  expect((await notebookOf(store)).newData).toMatchObject({ trained: null, found: { data: NEW } })
})

/** A clock that a test moves. The store looks for what is due every few milliseconds of real time. */
function createClock() {
  let nowMs = 0
  const options = { world: { monotonicMs: () => nowMs }, times: { quietMs: 4 } }
  return { options, pass: (ms: number) => (nowMs += ms) }
}
const switchOn = (store: RunningStore, atLeast: number, warmStart = false) =>
  call(store, 'PUT', '/api/notebooks/pets/automatic', { atLeast, warmStart })
/** As often as the store looks in this time, whatever the clock says. */
const looks = async (store: RunningStore): Promise<number> => {
  for (let i = 0; i < 5; i++) await call(store, 'GET', '/api/jobs')
  return (await jobsOf(store)).length
}

test('by itself: not while it is off, or too few are new, or something has just changed; then once, and the log says why', async () => {
  const { options, pass } = createClock()
  const { store, agent, sha1 } = await begin(12, options)
  pass(100)
  expect(await looks(store)).toBe(1)
  expect((await switchOn(store, 13)).json.newData.automatic).toEqual({ atLeast: 13, warmStart: false })
  expect(await looks(store)).toBe(1)
  agent.send(found(NEWER, OLD, 13))
  await switchOn(store, 13, true)
  expect(await looks(store)).toBe(1)
  pass(4)
  const run = await agent.next('run')
  expect(run.newData).toEqual({ initialWeights: sha1 })
  expect(await logOf(store, run.job)).toMatch(
    /, by itself, as switched on: 13 new images since the last training, where 13 or more are waited for, and nothing changed for 0 s; with the values of job 1; begins with the weights of [0-9a-f]{7}\.$/m,
  )
  agent.send({ type: 'failed', id: 'f1', ...refOf(run), reason: 'a cell threw', permanent: true })
  await agent.next('ack')
  pass(100)
  expect(await looks(store)).toBe(2)
  agent.send(found(NEW, OLD, 14))
  // The clock stands: it is heard of, and then nothing changes for a while.
  await call(store, 'DELETE', '/api/notebooks/pets/automatic')
  pass(100)
  expect(await looks(store)).toBe(2)
  await switchOn(store, 14)
  expect(await agent.next('run')).toMatchObject({ newData: { initialWeights: null } })
})

test('never beside another job: what waits is trained first, and counts when it was trained on the new images', async () => {
  const { options, pass } = createClock()
  const { store, agent } = await begin(12, options)
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await switchOn(store, 1)
  pass(100)
  expect(await looks(store)).toBe(2)
  await finishOn(store, agent, NEW)
  expect(await looks(store)).toBe(2)
})

test('a kernel that is gone, and a store that is restarted: the switch stays, and what is due is launched once both are back', async () => {
  const { options, pass } = createClock()
  const storage = createMemoryStorage()
  const { store, page, agent } = await begin(12, { ...options, storage })
  await agent.cut()
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  await switchOn(store, 5)
  pass(100)
  expect(await looks(store)).toBe(1)
  expect((await notebookOf(store)).newData).toEqual({
    found: null,
    trained: OLD,
    automatic: { atLeast: 5, warmStart: false },
  })
  await store.close()
  const second = await startTestStore({ ...options, storage })
  const back = await fakeAgent(second, 'next')
  // A class more: another schema of outputs, the same notebook.
  const classNames = [...TEST_TASK.classNames, 'owl']
  back.register('pets', { task: { ...TEST_TASK, classNames }, replaces: 'kernel' })
  await back.next('registered')
  back.send(found(NEW, null))
  expect(await back.next('trained')).toEqual({ type: 'trained', data: OLD })
  back.send(found(NEW, OLD, 12))
  await looks(second)
  pass(4)
  const run = await back.next('run')
  await second.close()

  const third = await startTestStore({ ...options, storage })
  const last = await fakeAgent(third, 'next')
  await last.join('pets', { task: { ...TEST_TASK, classNames } })
  last.send(found(NEW, OLD, 12))
  const again = await last.next('run')
  expect(again.job).toBe(run.job)
  last.send({ type: 'failed', id: 'f1', ...refOf(again), reason: 'a cell threw', permanent: true })
  await last.next('ack')
  pass(100)
  expect(await looks(third)).toBe(2)
})

test.each([
  [{}],
  [{ atLeast: 0, warmStart: true }],
  [{ atLeast: 1.5, warmStart: true }],
  [{ atLeast: 1_000_001, warmStart: true }],
  [{ atLeast: '5', warmStart: true }],
  [{ atLeast: 5 }],
  [{ atLeast: 5, warmStart: 'deployed' }],
])('the switch does not take %j', async (body) => {
  const { store } = await begin(1)
  expect(await call(store, 'PUT', '/api/notebooks/pets/automatic', body)).toMatchObject({
    status: 422,
    json: { error: { code: 'E_MESSAGE' } },
  })
  expect((await notebookOf(store)).newData?.automatic).toBeNull()
})
