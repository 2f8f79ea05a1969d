import type { Deployment, Sha1 } from '@pawprint/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RunningStore } from '../startStore.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageError } from '../storage/storage.ts'
import { call, type FakeAgent, fakeAgent, reportOf, sha1Of, upload, weightsOf } from '../testing/fakeAgent.ts'
import { openTestDemo, openTestPage, startTestStore } from '../testing/testStore.ts'

async function begin(slots = 1, seedless = {}) {
  const store = await startTestStore(seedless)
  const agent = await fakeAgent(store)
  await agent.join('pets', { slots })
  return { store, agent }
}

/** One job of one trial that leaves weights holding `value`. */
async function train(store: RunningStore, agent: FakeAgent, value: number, accuracy: number, fingerprint?: string) {
  await call(store, 'POST', '/api/jobs', { notebook: 'pets' })
  return agent.finish(await agent.next('run'), value, accuracy, fingerprint)
}
const sha1With = (value: number): Sha1 => sha1Of(weightsOf(value))
const taskOf = async (store: RunningStore) => (await call(store, 'GET', '/api/tasks/pets')).json
const historyOf = async (store: RunningStore): Promise<Deployment[]> =>
  (await call(store, 'GET', '/api/tasks/pets/deployments')).json.items
const verdictOf = async (store: RunningStore, value: number) =>
  (await call(store, 'GET', `/api/models/${sha1With(value)}`)).json.verdict
const deploy = (store: RunningStore, value: number, expectedRevision?: number) =>
  call(store, 'POST', '/api/tasks/pets/deployments', { sha1: sha1With(value), expectedRevision })

test('after rolling back from 40 % to 20 %, a new 30 % is deployed, and the 40 % trained again is not', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 20, 0.2)
  await train(store, agent, 40, 0.4)
  expect(await deploy(store, 20, 2)).toMatchObject({ status: 201, json: { revision: 3, by: 'person' } })
  expect(await verdictOf(store, 40)).toMatchObject({ deployed: false, code: 'rolled-back' })
  expect(await verdictOf(store, 20)).toMatchObject({ deployed: true, code: 'deployed' })
  expect(await train(store, agent, 40, 0.4)).toMatchObject({ deployed: false, code: 'declined' })
  expect(await train(store, agent, 30, 0.3)).toMatchObject({ deployed: true, reason: '30.0 % > 20.0 %' })
  expect(await train(store, agent, 40, 0.4)).toMatchObject({ deployed: false, code: 'declined' })
  expect(await train(store, agent, 41, 0.41)).toMatchObject({ deployed: true })
  expect((await historyOf(store)).map(({ revision, sha1, by }) => [revision, sha1, by])).toEqual([
    [5, sha1With(41), 'auto'],
    [4, sha1With(30), 'auto'],
    [3, sha1With(20), 'person'],
    [2, sha1With(40), 'auto'],
    [1, sha1With(20), 'auto'],
  ])
  expect((await call(store, 'GET', `/api/models/${sha1With(40)}`)).json.origins).toHaveLength(3)
})

test('two people who choose at once: one is served, the other is told what is there now', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 1, 0.5)
  await train(store, agent, 2, 0.4)
  await train(store, agent, 3, 0.3)
  const answers = await Promise.all([deploy(store, 2, 1), deploy(store, 3, 1)])
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
  const lost = answers.find(({ status }) => status === 409)
  expect(lost?.json).toMatchObject({
    error: { code: 'E_REVISION', expected: '2', got: '1' },
    task: { revision: 2, name: 'pets' },
  })
  expect(await deploy(store, lost === answers[0] ? 3 : 2)).toMatchObject({ status: 200, json: { revision: 2 } })
})

test('a pinned model stays until it is unpinned', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 1, 0.5)
  expect((await call(store, 'PUT', '/api/tasks/pets/pin')).json).toMatchObject({ pinned: true })
  expect(await train(store, agent, 2, 0.6)).toMatchObject({ deployed: false, code: 'pinned' })
  expect(await taskOf(store)).toMatchObject({ pinned: true, current: { sha1: sha1With(1) } })
  expect((await call(store, 'DELETE', '/api/tasks/pets/pin')).json).toMatchObject({ pinned: false })
  expect(await train(store, agent, 3, 0.7)).toMatchObject({ deployed: true, reason: '70.0 % > 50.0 %' })
})

test('models that were tested on other images are not compared', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 1, 0.5)
  expect(await train(store, agent, 2, 0.9, 'b'.repeat(64))).toMatchObject({ deployed: false, code: 'other-test-set' })
})

test('what cannot be deployed by hand says why', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 1, 0.5)
  const unknown = await call(store, 'POST', '/api/tasks/pets/deployments', { sha1: 'f'.repeat(40) })
  expect(unknown).toMatchObject({ status: 404, json: { error: { code: 'E_NOT_FOUND' } } })
  const malformed = await call(store, 'POST', '/api/tasks/pets/deployments', { sha1: 'best' })
  expect(malformed).toMatchObject({ status: 422, json: { error: { code: 'E_MESSAGE', at: 'sha1' } } })
  expect((await call(store, 'POST', '/api/tasks/dogs/deployments', { sha1: sha1With(1) })).status).toBe(404)
})

test('a model that a demo cannot load says so, is not the one to beat, and cannot be deployed by hand', async () => {
  const { store, agent } = await begin()
  const [demo, page] = [await openTestDemo(store), await openTestPage(store)]
  await train(store, agent, 1, 0.5)
  await demo.next('deployed')
  demo.send({ type: 'serving', task: 'pets', sha1: sha1With(1), error: null })
  await page.next('task', ({ task }) => task.demo?.sha1 === sha1With(1))
  await train(store, agent, 2, 0.9)
  await demo.next('deployed')
  const error = { code: 'E_LOAD', message: 'unknown layer Fourier' }
  demo.send({ type: 'serving', task: 'pets', sha1: sha1With(1), error })
  await page.next('task', ({ task }) => task.demo?.error?.code === 'E_LOAD')
  expect(await verdictOf(store, 2)).toMatchObject({
    deployed: false,
    code: 'failed-to-load',
    reason: 'unknown layer Fourier',
  })
  expect(await train(store, agent, 3, 0.6)).toMatchObject({ deployed: true, reason: '60.0 % > 50.0 %' })
  expect(await deploy(store, 2)).toMatchObject({ status: 409, json: { error: { code: 'E_UNDEPLOYABLE' } } })
  expect(await train(store, agent, 2, 0.9)).toMatchObject({ deployed: false, code: 'failed-to-load' })
  await demo.close()
  await page.next('task', ({ task }) => task.demo === null)
})

test('a deployment whose verdicts a full disk refused is told to everyone all the same, for it counts', async () => {
  const memory = createMemoryStorage()
  let isFull = false
  const write: Storage['documents']['write'] = async (name, value) => {
    if (isFull && name.startsWith('models/')) throw new StorageError('E_NO_SPACE', name, 'room on the disk', 'none')
    return memory.documents.write(name, value)
  }
  const { store, agent } = await begin(1, {
    storage: { ...memory, documents: { ...memory.documents, write } },
    world: { report: () => {} },
  })
  await train(store, agent, 1, 0.5)
  await train(store, agent, 2, 0.4)
  const [demo, page] = [await openTestDemo(store), await openTestPage(store)]
  isFull = true
  expect((await deploy(store, 2)).status).toBe(507)
  expect(await page.next('deployment')).toMatchObject({ deployment: { revision: 2, sha1: sha1With(2) } })
  await demo.next('deployed', ({ current }) => current.deployment.revision === 2)
  isFull = false
  expect(await deploy(store, 2)).toMatchObject({ status: 200, json: { revision: 2 } })
})

test('what a demo says of a model that was never deployed does not spoil it', async () => {
  const { store, agent } = await begin()
  const [demo, page] = [await openTestDemo(store, store.viewerToken), await openTestPage(store)]
  await train(store, agent, 1, 0.5)
  await train(store, agent, 2, 0.4)
  const error = { code: 'E_LOAD', message: 'a lie', at: sha1With(2) }
  demo.send({ type: 'serving', task: 'pets', sha1: sha1With(1), error })
  await page.next('task', ({ task }) => task.demo?.error?.code === 'E_LOAD')
  expect(await verdictOf(store, 2)).toMatchObject({ code: 'not-better' })
  expect((await deploy(store, 2)).status).toBe(201)
})

test('a demo that connects later is told what is deployed, whole', async () => {
  const { store, agent } = await begin()
  await train(store, agent, 1, 0.5)
  const { current } = await (await openTestDemo(store)).next('deployed')
  expect(current).toMatchObject({ deployment: { revision: 1 }, task: { name: 'pets' }, topology: { layers: [] } })
})

test('trials that finish together leave the best one current and no gap in the history, whatever the order', async () => {
  const { store, agent } = await begin(8)
  let value = 0
  let best = 0
  const wave = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 2, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(wave, async (accuracies) => {
      const config = { NUM_FILTERS: accuracies.map((_, i) => i + 1) }
      await call(store, 'POST', '/api/jobs', { notebook: 'pets', config })
      const runs = []
      for (const accuracy of accuracies) {
        const sha1 = await upload(store, weightsOf(++value))
        runs.push({ run: await agent.next('run'), report: reportOf(sha1, accuracy / 100) })
      }
      await Promise.all(runs.map(({ run, report }) => agent.answer(agent.done(run, report))))
      best = Math.max(best, ...accuracies)
      const { current } = await taskOf(store)
      const model = (await call(store, 'GET', `/api/models/${current.sha1}`)).json
      expect(model.metrics.testAccuracy).toBe(best / 100)
      expect(model.verdict).toMatchObject({ deployed: true })
    }),
    { numRuns: 25 },
  )
  const history = (await historyOf(store)).reverse()
  expect(history.map(({ revision }) => revision)).toEqual(history.map((_, i) => i + 1))
  const models = (await call(store, 'GET', '/api/models?limit=1000')).json.items
  expect(models.filter(({ verdict }: { verdict: { deployed: boolean } }) => verdict.deployed)).toHaveLength(1)
})
