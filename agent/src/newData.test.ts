// Folders that change while their notebook is registered: real files, a real store, real training.
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { openTestAgent } from './testing/agents.ts'
import { call, launchUntil } from './testing/api.ts'
import { beginTrained, createFolder, notebookOf, textOf } from './testing/folders.ts'

const NOTHING = { added: 0, changed: 0, removed: 0 }

test('new images are counted against the last training; a click trains on them, all trials of the job on the same', async () => {
  const { store, folder, seen, says, trainOn, ended } = await beginTrained()
  await folder.put('cat', 20, 3)
  await folder.put('dog', 120, 2)
  await says(({ found }) => found?.changes?.added === 5)
  // As before, a launch trains on what the notebook has.
  await ended(
    (await call<Job>(store, 'POST', '/api/jobs', { notebook: 'pets', config: { LEARNING_RATE: [0.1, 0.2] } })).id,
  )
  expect(seen).toEqual([24, 24, 24])
  await says(({ found }) => found?.changes?.added === 5)
  const job = await trainOn()
  expect([job.state, seen]).toEqual(['done', [24, 24, 24, 29, 29]])
  const { found } = (await says(({ found }) => found?.images === 29 && found.changes?.added === 0)).newData ?? {}
  expect(found).toMatchObject({ images: 29, changes: NOTHING, leftOut: 0 })
  expect(await textOf(store, job)).toMatch(/trial 1: new data: \d+ images to train, \d+ to test, of cat, dog$/m)
  // What was read anew stays the notebook's.
  await launchUntil(store, {}, 'done', 'pets')
  expect(seen.at(-1)).toBe(29)
  await rm(join(folder.root, 'pets', 'cat', '20.png'))
  await says(({ found }) => found?.changes?.removed === 1)
})

test('a folder that is deleted is a problem on the page, no training, and for a job that waits a failure that says so', async () => {
  const { folder, says, store, ended, seen } = await beginTrained()
  const [here, away] = ['pets', 'away'].map((name) => join(folder.root, name)) as [string, string]
  const { id } = await call<Job>(store, 'POST', '/api/notebooks/pets/train', {}).then(async (job) => {
    await ended(job.id)
    await rename(here, away)
    // Before the page says so.
    return call<Job>(store, 'POST', '/api/notebooks/pets/train', {})
  })
  expect((await ended(id)).trials[0]).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(/pets: expected a folder, got nothing there/),
  })
  const { newData } = await says(({ problem }) => problem !== undefined)
  expect(newData).toMatchObject({ found: null, problem: expect.stringMatching(/expected a folder, got nothing there/) })
  await expect(call(store, 'POST', '/api/notebooks/pets/train', {})).rejects.toThrow('409')
  // What the notebook has at hand can still be trained on.
  await launchUntil(store, {}, 'done', 'pets')
  expect(seen).toEqual([24, 24, 24])
  await rename(away, here)
  await says(({ found }) => found?.images === 24)
})

test('the next kernel knows what is new, for a record of the last training is on its machine; without one it says that it does not know', async () => {
  const { folder, store, agent, page } = await beginTrained()
  await agent.close()
  await folder.put('cat', 20, 4)
  const next = openTestAgent(store)
  await next.agent.register(notebookOf(await folder.open()))
  await page.next('notebook', ({ notebook }) => notebook.newData?.found?.changes?.added === 4)
  await next.agent.close()
  await rm(join(folder.root, 'cache'), { recursive: true })
  const last = openTestAgent(store)
  await last.agent.register(notebookOf(await folder.open()))
  const { notebook } = await page.next(
    'notebook',
    ({ notebook: { newData } }) =>
      newData?.found?.images === 28 && newData.found.since === newData.trained && newData.found.changes === null,
  )
  expect(notebook.newData?.found).toMatchObject({ images: 28, changes: null })
})

test('switched on, it is trained by itself once what came has stood still, and again only when more comes', async () => {
  const { store, folder, seen, says, page } = await beginTrained({ times: { quietMs: 30 } })
  await call(store, 'PUT', '/api/notebooks/pets/automatic', { atLeast: 4, warmStart: true })
  await folder.put('cat', 20, 3)
  await says(({ found }) => found?.changes?.added === 3)
  await folder.put('cat', 30, 1)
  const { job } = await page.next('job', ({ job }) => job.newData?.by === 'auto' && job.state === 'done')
  expect(job.newData?.reason).toMatch(
    /^by itself, as switched on: 4 new images .*begins with the weights of [0-9a-f]{7}$/,
  )
  expect(seen).toEqual([24, 28])
  await says(({ found }) => found?.changes?.added === 0)
  await folder.put('dog', 140, 4)
  await page.next(
    'job',
    ({ job: other }) => other.id !== job.id && other.newData?.by === 'auto' && other.state === 'done',
  )
  expect(seen).toEqual([24, 28, 32])
})

test('a train function that takes data needs some', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  const { data: _data, ...without } = notebookOf(await (await createFolder()).open())
  await expect(agent.register(without)).rejects.toMatchObject({ code: 'E_TRAIN', at: 'data' })
})
