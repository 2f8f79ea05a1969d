import { expect, test } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { call, fakeAgent, reportOf, upload, weightsOf } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'

interface Signal {
  readonly given: Promise<void>
  give(): void
}

function signal(): Signal {
  let give = () => {}
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give }
}

/** A storage that, once held, removes blobs only when told to. It tells when that is waited for, and when weights were read. */
function slowToClear(): { storage: Storage; waits: Signal; remove: Signal; read: Signal; hold(): void } {
  const memory = createMemoryStorage()
  const [waits, remove, read] = [signal(), signal(), signal()]
  let holding = false
  const blobs: Storage['blobs'] = {
    ...memory.blobs,
    async list() {
      if (holding) waits.give()
      if (holding) await remove.given
      return memory.blobs.list()
    },
    async *read(...from) {
      yield* memory.blobs.read(...from)
      read.give()
    },
  }
  const hold = () => {
    holding = true
  }
  return { storage: { ...memory, blobs }, waits, remove, read, hold }
}

test('a result that comes while the store is cleared never becomes a model without weights', async () => {
  const { storage, waits, remove, read, hold } = slowToClear()
  const store = await startTestStore({ storage })
  const agent = await fakeAgent(store)
  await agent.join('pets')
  hold()
  const clearing = call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  await waits.given
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  const sha1 = await upload(store, weightsOf(1))
  const done = agent.done(run, reportOf(sha1, 0.5))
  // Its weights are found and checked; what follows waits until the store is clear.
  await read.given
  remove.give()
  expect((await clearing).status).toBe(200)
  expect(await agent.answer(done)).toMatchObject({ type: 'refused', error: { code: 'E_NO_WEIGHTS' } })
  expect(await agent.finish(run, 1, 0.5)).toMatchObject({ deployed: true })
  expect((await call(store, 'GET', `/api/models/${sha1}/weights`)).status).toBe(200)
})

test('the first model of a task that is registered while the store is cleared stays, with its weights', async () => {
  const { storage, waits, remove, hold } = slowToClear()
  const store = await startTestStore({ storage })
  const agent = await fakeAgent(store)
  hold()
  const clearing = call(store, 'DELETE', '/api/store', { confirm: 'clear' })
  await waits.given
  await agent.join('pets')
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  expect(await agent.finish(run, 1, 0.5)).toMatchObject({ deployed: true })
  remove.give()
  expect((await clearing).status).toBe(200)
  const [model] = (await call(store, 'GET', '/api/models')).json.items
  expect((await call(store, 'GET', `/api/models/${model.sha1}/weights`)).status).toBe(200)
})
