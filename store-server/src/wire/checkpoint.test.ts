import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { call, type FakeAgent, fakeAgent, type Run, refOf, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

const bytesAt = (step: number): Uint8Array => weightsOf(1000 + step)
const pathOf = (run: Run): string => `/api/jobs/${run.job}/trials/${run.trial}/checkpoint`

let ids = 0
/** Says that the run has come to this step; resolves with the store's answer. */
function say(agent: FakeAgent, run: Run, step: number) {
  const id = `c${++ids}`
  agent.send({ type: 'checkpoint', id, ...refOf(run), sha1: sha1Of(bytesAt(step)), step, progress: step / 100 })
  return agent.answer(id)
}

async function train(store: RunningStore, notebook: string) {
  const agent = await fakeAgent(store)
  await agent.join(notebook)
  const { json: job } = await call(store, 'POST', '/api/jobs', { notebook })
  return { agent, job: job.id as string, run: await agent.next('run') }
}

async function running() {
  const store = await startTestStore()
  return { store, ...(await train(store, 'pets')) }
}

/** The bytes that the store has for the trial, or the status of its refusal. */
async function kept(store: Parameters<typeof call>[0], run: Run, token = store.token) {
  const answer = await fetch(`${store.url}${pathOf(run)}`, { headers: { authorization: `Bearer ${token}` } })
  return answer.ok ? new Uint8Array(await answer.arrayBuffer()) : answer.status
}

test('the next attempt is told of the newest checkpoint and gets its bytes; older ones are removed', async () => {
  const { store, agent, run } = await running()
  expect(run.checkpoint).toBeUndefined()
  expect(await kept(store, run)).toBe(404)
  for (const step of [10, 20]) {
    await upload(store, bytesAt(step))
    expect(await say(agent, run, step)).toMatchObject({ type: 'ack' })
  }
  expect(await kept(store, run, store.agentToken)).toEqual(bytesAt(20))
  expect((await call(store, 'GET', `/api/models/${sha1Of(bytesAt(10))}/weights`)).status).toBe(404)
  agent.send({ type: 'failed', id: 'f', ...refOf(run), reason: 'network', permanent: false })
  const next = await agent.next('run')
  expect(next).toMatchObject({ attempt: 2, checkpoint: { sha1: sha1Of(bytesAt(20)), step: 20 } })
})

test('a finished trial leaves its weights and no checkpoint', async () => {
  const { store, agent, run } = await running()
  await upload(store, bytesAt(10))
  await say(agent, run, 10)
  await agent.finish(run, 1, 0.5)
  expect(await kept(store, run)).toBe(404)
  expect((await call(store, 'GET', `/api/models/${sha1Of(bytesAt(10))}/weights`)).status).toBe(404)
})

test('a checkpoint whose bytes a model has too stays as that model', async () => {
  const { store, agent, run } = await running()
  await upload(store, weightsOf(1))
  agent.send({ type: 'checkpoint', id: 'c', ...refOf(run), sha1: sha1Of(weightsOf(1)), step: 1, progress: 0.1 })
  expect(await agent.answer('c')).toMatchObject({ type: 'ack' })
  await agent.finish(run, 1, 0.5)
  expect((await call(store, 'GET', `/api/models/${sha1Of(weightsOf(1))}/weights`)).status).toBe(200)
})

test('a checkpoint that one trial replaces stays for another trial that has the same, also while that one is only about to', async () => {
  const memory = createMemoryStorage()
  let found = (): void => {}
  let goOn = (): void => {}
  const isFound = new Promise<void>((resolve) => (found = resolve))
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve))
  let claims = 0
  const blobs: typeof memory.blobs = {
    ...memory.blobs,
    async claim(sha1) {
      const info = await memory.blobs.claim(sha1)
      // The second trial's.
      if (sha1 === sha1Of(bytesAt(10)) && ++claims === 2) {
        found()
        await mayGoOn
      }
      return info
    },
  }
  const store = await startTestStore({ storage: { ...memory, blobs } })
  const [first, second] = [await train(store, 'cats'), await train(store, 'dogs')]
  await upload(store, bytesAt(10))
  await upload(store, bytesAt(20))
  await say(first.agent, first.run, 10)
  const answer = say(second.agent, second.run, 10)
  await isFound
  expect(await say(first.agent, first.run, 20)).toMatchObject({ type: 'ack' })
  goOn()
  expect(await answer).toMatchObject({ type: 'ack' })
  expect(await kept(store, second.run)).toEqual(bytesAt(10))
  await say(second.agent, second.run, 20)
  await second.agent.finish(second.run, 1, 0.5)
  expect(await kept(store, first.run)).toEqual(bytesAt(20))
})

test('refuses a checkpoint that was not uploaded, and one of a wrong lease', async () => {
  const { store, agent, run } = await running()
  expect(await say(agent, run, 10)).toMatchObject({ error: { code: 'E_NOT_FOUND', at: 'sha1' } })
  await upload(store, bytesAt(10))
  expect(await say(agent, { ...run, lease: 'other' }, 10)).toMatchObject({ error: { code: 'E_LEASE' } })
  expect(await kept(store, run)).toBe(404)
})

test('a fenced attempt cannot move the checkpoint of its successor', async () => {
  const { store, agent, run } = await running()
  await upload(store, bytesAt(10))
  await say(agent, run, 10)
  agent.send({ type: 'failed', id: 'f', ...refOf(run), reason: 'network', permanent: false })
  await agent.next('run')
  await upload(store, bytesAt(90))
  expect(await say(agent, run, 90)).toMatchObject({ error: { code: 'E_FENCED' } })
  expect(await kept(store, run)).toEqual(bytesAt(10))
})

test('a stopping job still takes the last checkpoint, and goes on from it when a person resumes it', async () => {
  const { store, agent, job, run } = await running()
  await call(store, 'POST', `/api/jobs/${job}/stop`)
  await agent.next('stop')
  expect((await call(store, 'POST', `/api/jobs/${job}/retry`)).json.error).toMatchObject({ code: 'E_STATE' })
  await upload(store, bytesAt(30))
  expect(await say(agent, run, 30)).toMatchObject({ type: 'ack' })
  agent.send({ type: 'cancelled', id: 'x', ...refOf(run), reason: 'stopped' })
  await agent.answer('x')
  expect((await call(store, 'POST', `/api/jobs/${job}/retry`)).json).toMatchObject({ trials: [{ progress: 0.3 }] })
  expect(await agent.next('run')).toMatchObject({ job, attempt: 2, checkpoint: { step: 30 } })
})
