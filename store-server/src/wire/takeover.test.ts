import { expect, test } from 'vitest'
import { call, fakeAgent, logRecord, refOf, reportOf, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

const isUnreachable = ({ notebook }: { notebook: { state: string } }) => notebook.state === 'unreachable'

test('a live name is given with a suffix, and both notebooks take jobs', async () => {
  const store = await startTestStore()
  const [first, second] = [await fakeAgent(store), await fakeAgent(store)]
  expect(await first.join('pets')).toMatchObject({ name: 'pets' })
  expect(await second.join('pets')).toMatchObject({ name: 'pets-2' })
  await call(store, 'POST', '/api/jobs', { notebook: 'pets-2' })
  await second.next('run')
  expect(first.waiting.filter(({ type }) => type === 'run')).toEqual([])
})

test('a restarted kernel waits for the lease, or takes over at once when it shows that the old one is dead', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const old = await fakeAgent(store, 'old')
  await old.join('pets')
  await call(store, 'POST', '/api/notebooks/pets/config', { EPOCHS: 3 })
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await old.next('run')
  await old.cut()
  await page.next('notebook', isUnreachable)

  const fresh = await fakeAgent(store, 'new')
  const id = fresh.register('pets')
  const held = await fresh.next('held')
  expect(held).toMatchObject({ id, by: { instance: 'old', host: 'here', pid: 1 } })
  expect(held.retryAfterMs).toBeGreaterThan(50_000)
  expect(await fresh.join('pets', { replaces: 'old' })).toMatchObject({ name: 'pets', config: { EPOCHS: 3 } })
  const again = await fresh.next('run')
  expect(again).toMatchObject({ job: job.id, trial: 0, attempt: 2, params: run.params, seed: run.seed })

  // The old kernel was not dead after all: it is fenced, gets a suffix, and its result is kept as late.
  const back = await fakeAgent(store, 'old')
  expect(await back.join('pets', { attempts: [refOf(run)] })).toMatchObject({
    name: 'pets-2',
    fenced: [{ job: job.id, trial: 0, attempt: 1 }],
  })
  expect(await back.answer(back.records(run, 1, [logRecord('old')]))).toMatchObject({
    type: 'refused',
    error: { code: 'E_FENCED' },
  })
  expect(await back.finish(run, 1, 0.99)).toMatchObject({ deployed: false, code: 'late' })
  expect((await call(store, 'GET', '/api/tasks/pets')).json.current).toBeNull()
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json.trials[0]).toMatchObject({
    state: 'running',
    attempt: 2,
  })
  expect(await fresh.finish(again, 2, 0.3)).toMatchObject({ deployed: true })
})

test('when the lease has run out, a new kernel takes the name and the unfinished job', async () => {
  const store = await startTestStore({ times: { leaseMs: 0 } })
  const page = await openTestPage(store)
  const old = await fakeAgent(store)
  await old.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await old.next('run')
  await old.cut()
  await page.next('notebook', isUnreachable)
  const fresh = await fakeAgent(store)
  await fresh.join('pets')
  expect(await fresh.next('run')).toMatchObject({ job: run.job, attempt: 2 })
})

test('a goodbye frees the name at once; its running trial begins again with the next kernel', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const old = await fakeAgent(store)
  await old.join('pets')
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await old.next('run')
  old.send({ type: 'goodbye' })
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect((await call(store, 'GET', `/api/jobs/${job.id}`)).json).toMatchObject({
    state: 'queued',
    trials: [{ state: 'waiting' }],
  })
  expect(await call(store, 'POST', '/api/jobs', { notebook: 'pets' })).toMatchObject({
    status: 409,
    json: { error: { code: 'E_GONE' } },
  })
  const fresh = await fakeAgent(store)
  await fresh.join('pets')
  expect(await fresh.next('run')).toMatchObject({ job: job.id, attempt: 2 })
  const sha1 = await upload(store, weightsOf(1))
  expect(await fresh.answer(fresh.done({ ...refOf(run), lease: 'guessed' }, reportOf(sha1, 1)))).toMatchObject({
    type: 'refused',
    error: { code: 'E_LEASE' },
  })
})

test('a kernel that died three times in a trial fails it, and the job goes on with the next trial', async () => {
  const store = await startTestStore({ times: { leaseMs: 0 } })
  const page = await openTestPage(store)
  const { launched } = await (async () => {
    let launched = ''
    for (const attempt of [1, 2, 3]) {
      const agent = await fakeAgent(store)
      await agent.join('pets')
      if (attempt === 1)
        launched = (await call(store, 'POST', '/api/jobs', { notebook: 'pets', config: { NUM_FILTERS: [1, 2] } })).json
          .id
      expect(await agent.next('run')).toMatchObject({ trial: 0, attempt })
      await agent.cut()
      await page.next('notebook', isUnreachable)
    }
    return { launched }
  })()
  const last = await fakeAgent(store)
  await last.join('pets')
  expect(await last.next('run')).toMatchObject({ job: launched, trial: 1, attempt: 1 })
  expect((await call(store, 'GET', `/api/jobs/${launched}`)).json.trials[0]).toMatchObject({
    state: 'failed',
    attempt: 3,
  })
})

test('the newest connection of a kernel counts; the older one is told', async () => {
  const store = await startTestStore()
  const first = await fakeAgent(store, 'kernel')
  await first.join('pets')
  const second = await fakeAgent(store, 'kernel')
  expect(await second.join('pets')).toMatchObject({ name: 'pets' })
  expect(await first.closed).toMatchObject({ code: 4409 })
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  await second.next('run')
})

test('an unreachable notebook is gone after its time, and can be forgotten; a live one cannot', async () => {
  const store = await startTestStore({ times: { goneAfterMs: 20 } })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  expect(await call(store, 'DELETE', '/api/notebooks/pets')).toMatchObject({
    status: 409,
    json: { error: { code: 'E_STATE' } },
  })
  await agent.cut()
  await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect((await call(store, 'DELETE', '/api/notebooks/pets')).status).toBe(200)
  expect(await page.next('notebook-forgotten')).toEqual({ type: 'notebook-forgotten', name: 'pets' })
  expect((await call(store, 'GET', '/api/jobs')).json.items).toMatchObject([{ state: 'cancelled' }])
})
