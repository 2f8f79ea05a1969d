import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageError } from '../storage/storage.ts'
import {
  call,
  fakeAgent,
  logRecord,
  refOf,
  reportOf,
  sha1Of,
  TEST_FIELDS,
  TEST_TASK,
  upload,
  weightsOf,
} from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

/** A storage whose disk can be full for a while. */
function fillable(): { storage: Storage; disk: { full: boolean } } {
  const memory = createMemoryStorage()
  const disk = { full: false }
  const check = (at: string) => {
    if (disk.full) throw new StorageError('E_NO_SPACE', at, 'room on the disk', 'none')
  }
  const documents: Storage['documents'] = {
    ...memory.documents,
    async write(name, value) {
      check(name)
      return memory.documents.write(name, value)
    },
  }
  const logs: Storage['logs'] = {
    ...memory.logs,
    async append(name, records) {
      check(name)
      return memory.logs.append(name, records)
    },
  }
  return { storage: { ...memory, documents, logs }, disk }
}

test('while the disk is full nothing is acknowledged, and all of it is there once when the agent sends it again', async () => {
  const { storage, disk } = fillable()
  const store = await startTestStore({ storage, world: { report: () => {} } })
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  await agent.answer(agent.records(run, 1, [logRecord('one')]))
  const sha1 = await upload(store, weightsOf(1))
  disk.full = true
  agent.records(run, 2, [logRecord('two')])
  agent.done(run, reportOf(sha1, 0.5))
  expect(await agent.closed).toMatchObject({ code: 1013 })
  expect(agent.waiting).toEqual([])
  expect(await call(store, 'POST', '/api/notebooks/pets/config', { EPOCHS: 9 })).toMatchObject({
    status: 507,
    json: { error: { code: 'E_NO_SPACE' } },
  })
  expect((await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).status).toBe(507)
  expect((await call(store, 'PUT', '/api/tasks/pets/pin')).status).toBe(507)
  expect((await call(store, 'GET', '/api/jobs')).json.items).toHaveLength(1)
  expect((await call(store, 'GET', '/api/notebooks/pets')).json.config).toMatchObject({ EPOCHS: 1 })
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({
    current: null,
    revision: 0,
    pinned: false,
  })
  disk.full = false
  const back = await fakeAgent(store, 'kernel')
  await back.join('pets', { attempts: [refOf(run)] })
  expect(await back.answer(back.records(run, 2, [logRecord('two')]))).toMatchObject({ type: 'ack' })
  expect(await back.answer(back.done(run, reportOf(sha1, 0.5)))).toMatchObject({ type: 'ack' })
  const { items } = (await call(store, 'GET', `/api/jobs/${job.id}/log`)).json
  const own = items.flatMap(({ trial, text }: { trial: number; text: string }) =>
    /^(one|two)$/.test(text) ? [`${trial} ${text}`] : [],
  )
  expect(own).toEqual(['0 one', '0 two'])
  expect((await call(store, 'GET', '/api/tasks/pets')).json).toMatchObject({ current: { sha1 }, revision: 1 })
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.state).toBe('done')
})

test('a stop that a full disk cut short reaches the kernel when a person stops again', async () => {
  const { storage, disk } = fillable()
  const store = await startTestStore({ storage, world: { report: () => {} } })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  disk.full = true
  expect((await call(store, 'POST', `/api/jobs/${job.id}/stop`)).status).toBe(507)
  expect((await call(store, 'POST', `/api/jobs/${job.id}/stop`)).status).toBe(507)
  disk.full = false
  expect(await call(store, 'POST', `/api/jobs/${job.id}/stop`)).toMatchObject({
    status: 200,
    json: { state: 'stopping' },
  })
  expect(await agent.next('stop')).toMatchObject({ job: job.id, trial: 0, attempt: 1 })
  agent.send({ type: 'cancelled', id: 'c', ...refOf(run), reason: 'asked' })
  expect(await agent.answer('c')).toMatchObject({ type: 'ack' })
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.state).toBe('cancelled')
})

test('a result that is followed by goodbye at once is in time', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const sha1 = await upload(store, weightsOf(1))
  agent.done(run, reportOf(sha1, 0.5))
  agent.send({ type: 'goodbye' })
  expect((await agent.next('verdict')).verdict).toMatchObject({ deployed: true })
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect((await call(store, 'GET', `/api/jobs/${run.job}`)).json).toMatchObject({ state: 'done' })
})

test('a page sees places in the queue move', async () => {
  const store = await startTestStore({ times: { coalesceMs: 1 } })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const ids: string[] = []
  for (let i = 0; i < 3; i++) ids.push((await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).json.id)
  await page.next('job', ({ job }) => job.id === ids[2] && job.position === 2)
  await call(store, 'PATCH', `/api/jobs/${ids[2]}`, { position: 1 })
  await page.next('job', ({ job }) => job.id === ids[1] && job.position === 2)
  await agent.finish(await agent.next('run'), 1, 0.5)
  expect(await agent.next('run')).toMatchObject({ job: ids[2] })
  await page.next('job', ({ job }) => job.id === ids[1] && job.position === 1)
})

test('when a queue moves a page is told of the jobs that have another place, and of no others', async () => {
  const store = await startTestStore({ times: { coalesceMs: 1 } })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.push((await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).json.id)
  await agent.next('run')
  const page = await openTestPage(store)
  await call(store, 'PATCH', `/api/jobs/${ids[4]}`, { position: 3 })
  await page.next('job', ({ job }) => job.id === ids[3] && job.position === 4)
  await call(store, 'POST', `/api/jobs/${ids[3]}/stop`)
  await page.next('job', ({ job }) => job.id === ids[3] && job.state === 'cancelled')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await page.next('job', ({ job }) => job.position === 4)
  expect(page.waiting.flatMap((message) => (message.type === 'job' ? message.job.id : []))).toEqual([ids[4]])
})

const ANY_SHA1 = sha1Of(weightsOf(1))
const attempt = { job: 'a', trial: 0, attempt: 1, lease: 'b' }
const registration = {
  type: 'register',
  id: 'x',
  name: 'pets',
  task: TEST_TASK,
  schema: TEST_FIELDS,
  engine: '',
  cores: 1,
  slots: 1,
  host: '',
  pid: 1,
  attempts: [],
}
test.each<[string, object, string, string?]>([
  ['records before any job', { type: 'records', ...attempt, first: 1, records: [logRecord('a')] }, 'E_LEASE'],
  ['done before any job', { type: 'done', ...attempt, model: reportOf(ANY_SHA1, 0.5), seconds: 1 }, 'E_LEASE'],
  ['failed before any job', { type: 'failed', ...attempt, reason: '', permanent: true }, 'E_LEASE'],
  ['cancelled before any job', { type: 'cancelled', ...attempt, reason: '' }, 'E_LEASE'],
  ['no records', { type: 'records', ...attempt, first: 1, records: [] }, 'E_MESSAGE', 'records'],
  ['records from zero', { type: 'records', ...attempt, first: 0, records: [logRecord('a')] }, 'E_MESSAGE', 'first'],
  [
    'too many records',
    { type: 'records', ...attempt, first: 1, records: Array(257).fill(logRecord('a')) },
    'E_MESSAGE',
    'records',
  ],
  ['a negative trial', { type: 'failed', ...attempt, trial: -1, reason: '', permanent: true }, 'E_MESSAGE', 'trial'],
  [
    'half an attempt',
    { type: 'failed', ...attempt, attempt: 1.5, reason: '', permanent: true },
    'E_MESSAGE',
    'attempt',
  ],
  ['a job that climbs', { type: 'failed', ...attempt, job: '../x', reason: '', permanent: true }, 'E_MESSAGE', 'job'],
  [
    'accuracy in words',
    { type: 'done', ...attempt, model: { ...reportOf(ANY_SHA1, 0), metrics: { testAccuracy: '0.9' } }, seconds: 1 },
    'E_MESSAGE',
    'model.metrics.testAccuracy',
  ],
  [
    'no accuracy but null',
    { type: 'done', ...attempt, model: { ...reportOf(ANY_SHA1, 0), metrics: { testAccuracy: null } }, seconds: 1 },
    'E_MESSAGE',
    'model.metrics.testAccuracy',
  ],
  ['a flight', { type: 'fly' }, 'E_MESSAGE', 'type'],
  ['an empty name', { ...registration, name: '  ' }, 'E_MESSAGE', 'name'],
  ['a name without end', { ...registration, name: 'x'.repeat(129) }, 'E_MESSAGE', 'name'],
  ['a task that climbs', { ...registration, task: { ...TEST_TASK, name: '../../etc' } }, 'E_MESSAGE', 'task.name'],
  ['no slots', { ...registration, slots: 0 }, 'E_MESSAGE', 'slots'],
])('an agent that sends %s is refused by the id, and the store goes on', async (_, message, code, at) => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  agent.send({ ...message, id: 'x' })
  const refused = await agent.next('refused')
  expect(refused).toMatchObject({ id: 'x', error: { code, ...(at === undefined ? {} : { at }) } })
  expect(await agent.join('pets')).toMatchObject({ name: 'pets' })
})
