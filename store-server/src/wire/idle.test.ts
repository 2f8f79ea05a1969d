import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { call, fakeAgent } from '../testing/fakeAgent.ts'
import { openTestPage, startTestStore } from '../testing/testStore.ts'

// Far from the real time, as a machine's clock may be.
const NOW_MS = Date.parse('2031-02-03T04:05:06.000Z')
const world = { nowMs: () => NOW_MS }
const IDLE = { type: 'idle', leftMs: 760_000, afterMs: 1_800_000 }
const EXIT = { at: '2031-02-03T04:17:46.000Z', afterMs: 1_800_000 }

test('what is left of a countdown becomes a time of the store’s own clock, until the agent takes it back', async () => {
  const store = await startTestStore({ world })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  agent.send(IDLE)
  const { notebook } = await page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  expect(notebook).toMatchObject({ name: 'pets', state: 'idle', exit: EXIT })
  expect((await call(store, 'GET', '/api/notebooks/pets')).json.exit).toEqual(EXIT)
  agent.send({ ...IDLE, leftMs: null })
  expect((await page.next('notebook')).notebook).not.toHaveProperty('exit')
})

test('an operator may ask for another round, which the agent is told; without a countdown that is refused', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const agent = await fakeAgent(store)
  await agent.join('pets')
  const refused = await call(store, 'POST', '/api/notebooks/pets/keep')
  expect([refused.status, refused.json.error]).toMatchObject([409, { code: 'E_STATE', at: 'notebook pets' }])
  agent.send(IDLE)
  await page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  for (const token of [store.viewerToken, store.agentToken])
    expect((await call({ ...store, token }, 'POST', '/api/notebooks/pets/keep')).status).toBe(403)
  expect(agent.waiting).toEqual([])
  expect(await call(store, 'POST', '/api/notebooks/pets/keep')).toMatchObject({ status: 200, json: { name: 'pets' } })
  await agent.next('keep')
  expect((await call(store, 'POST', '/api/notebooks/dogs/keep')).status).toBe(404)
})

test('a countdown never stands on a notebook that is not heard: cut off, gone, or after a restart of the store', async () => {
  const storage = createMemoryStorage()
  const store = await startTestStore({ storage })
  const page = await openTestPage(store)
  const agent = await fakeAgent(store, 'kernel')
  await agent.join('pets')
  agent.send(IDLE)
  await page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  await agent.cut()
  const { notebook } = await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  expect(notebook).not.toHaveProperty('exit')
  expect((await call(store, 'POST', '/api/notebooks/pets/keep')).status).toBe(409)

  const back = await fakeAgent(store, 'kernel')
  await back.join('pets')
  expect((await page.next('notebook', ({ notebook }) => notebook.state === 'idle')).notebook).not.toHaveProperty('exit')
  back.send(IDLE)
  await page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  // A change of the values is written to disk with all that the notebook is now.
  await call(store, 'POST', '/api/notebooks/pets/config', { EPOCHS: 4 })
  await store.close()
  const second = await startTestStore({ storage })
  const loaded = (await call(second, 'GET', '/api/notebooks/pets')).json
  expect(loaded).toMatchObject({ state: 'unreachable', config: { EPOCHS: 4 } })
  expect(loaded).not.toHaveProperty('exit')

  const pageAfter = await openTestPage(second)
  const last = await fakeAgent(second, 'kernel')
  await last.join('pets')
  last.send(IDLE)
  await pageAfter.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  last.send({ type: 'goodbye' })
  const gone = await pageAfter.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect(gone.notebook).not.toHaveProperty('exit')
})

test('a countdown before the registration is nobody’s, and one of more than a week is refused', async () => {
  const store = await startTestStore()
  const agent = await fakeAgent(store)
  agent.send(IDLE)
  agent.send({ ...IDLE, leftMs: 604_800_001 })
  expect(await agent.next('refused')).toMatchObject({ error: { code: 'E_MESSAGE', at: 'leftMs' } })
  await agent.join('pets')
  expect((await call(store, 'GET', '/api/notebooks/pets')).json).not.toHaveProperty('exit')
})
