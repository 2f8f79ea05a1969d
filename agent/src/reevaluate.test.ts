// A candidate that was tested on other images than the deployed model: the two are compared on the candidate's test set.
import { mkdtemp, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Deployment, Job, Model } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test } from 'vitest'
import { type RunningStore, startStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launch, launchUntil } from './testing/api.ts'
import { startProxy } from './testing/proxy.ts'
import type { NotebookDefinition } from './types.ts'
import { EMPTY_BOARD } from './view/board.ts'
import type { World } from './world.ts'

/** Dark and bright pictures; the first `wrong` of them have the other label. */
function images(count: number, wrong = 0) {
  const data = brightImages(count)
  return { ...data, labels: data.labels.map((label, i) => (i < wrong ? 1 - label : label)) }
}
const TRAINING = images(100)
const INVERTED = images(100, 100)

/** A notebook whose data change: what it trains on, whole pictures or their left upper corners of 2 × 2, and what it tests on. */
function changingNotebook(first: { training: typeof TRAINING; testSet: ReturnType<typeof images> }) {
  const data = { ...first }
  const notebook: NotebookDefinition = {
    ...brightNotebook(),
    hyperparameters: { LEARNING_RATE: [0.1] },
    async train(trial) {
      const { height, width } = data.training
      const inputShape = [height, width, 3]
      const layers = [tf.layers.flatten({ inputShape }), tf.layers.dense({ units: 2, activation: 'softmax' })]
      const learningRate = trial.params.LEARNING_RATE ?? 0.1
      const optimizer = { type: 'sgd', learningRate, momentum: 0.9 } as const
      const run = await trial.compile(tf.sequential({ layers }), { loss: 'categoricalCrossentropy', optimizer })
      for await (const epoch of run.fit(data.training, { epochs: 5, batchSize: 10 })) trial.report(epoch)
      return run.evaluate(data.testSet)
    },
  }
  return { data, notebook }
}

const modelOf = (store: RunningStore, sha1: string | null | undefined): Promise<Model> =>
  call(store, 'GET', `/api/models/${sha1}`)
const resultOf = async (store: RunningStore, job: Job): Promise<Model> => modelOf(store, job.trials[0]?.sha1)
const train = async (store: RunningStore, seed: number): Promise<Model> =>
  resultOf(store, await launchUntil(store, { SEED: seed }, 'done'))
const historyOf = async (store: RunningStore): Promise<string[]> =>
  (await call<{ items: Deployment[] }>(store, 'GET', '/api/tasks/bright/deployments')).items.map(({ sha1 }) => sha1)

/** Calls `act` when the agent begins to measure another model, the first time. */
function whenMeasuring(act: () => void): Partial<World> {
  let isDone = false
  return {
    openScreen: () => ({
      show(event) {
        if (isDone || event.type !== 'notice' || !event.text.includes('measures the deployed model')) return
        isDone = true
        act()
      },
      close: () => EMPTY_BOARD,
    }),
  }
}

async function begin(first: Parameters<typeof changingNotebook>[0], change: Partial<World> = {}) {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const { data, notebook } = changingNotebook(first)
  const { agent } = openTestAgent(store, proxy.url, change)
  await agent.register(notebook)
  agent.serve()
  return { store, proxy, data, notebook }
}

test('on a new test set a worse model stays undeployed although its figure is above the deployed one’s old figure; a better one is deployed', async () => {
  // Every label of the old set is wrong, so the deployed model has 0 % there; of the new set it has all but 10 of 50.
  const { store, data } = await begin({ training: TRAINING, testSet: images(40, 40) })
  const deployed = await train(store, 1)
  expect(deployed).toMatchObject({ metrics: { testAccuracy: 0 }, verdict: { code: 'deployed' } })
  data.training = INVERTED
  data.testSet = images(50, 10)
  const worse = await train(store, 2)
  expect(worse.verdict).toMatchObject({
    code: 'not-better',
    reason: 'on the new test set of 50 images: 20.0 % against 80.0 % of the deployed one',
  })
  const { metrics, testSet, reevaluations } = await modelOf(store, deployed.sha1)
  expect({ metrics, testSet }).toEqual({ metrics: deployed.metrics, testSet: deployed.testSet })
  expect(reevaluations).toEqual([
    {
      testSet: worse.testSet,
      metrics: expect.objectContaining({ testAccuracy: 0.8 }),
      intervals: expect.objectContaining({ testAccuracy: [expect.any(Number), expect.any(Number)] }),
      at: expect.any(String),
    },
  ])
  data.testSet = images(60, 45)
  expect((await train(store, 3)).verdict).toMatchObject({
    code: 'deployed',
    reason: 'on the new test set of 60 images: 75.0 % against 25.0 % of the deployed one',
  })
})

test('a model measured anew on its own test set has the figures that its trial reported', async () => {
  const testSet = images(40, 7)
  const { store, data } = await begin({ training: TRAINING, testSet })
  const first = await train(store, 1)
  data.testSet = images(48, 8)
  await train(store, 2)
  data.testSet = testSet
  const [again] = (await modelOf(store, first.sha1)).reevaluations ?? []
  const own = await train(store, 1)
  // Trained and measured again on the first set: the second set's figures stay, and are those that any equal weights have there.
  expect(own.metrics.testAccuracy).toBe(33 / 40)
  expect(own.reevaluations).toEqual([again])
  expect(again?.metrics.testAccuracy).toBe(40 / 48)
  // 40 of 48: a resample's standard deviation is √(5/6 · 1/6 / 48), and the bounds are 1.96 of them away, give or take a picture or two.
  const deviation = Math.sqrt((5 / 6) * (1 / 6) * (1 / 48))
  const [low = 0, high = 0] = again?.intervals?.testAccuracy ?? []
  expect(Math.abs(low - (40 / 48 - 1.96 * deviation))).toBeLessThan(2 / 48)
  expect(Math.abs(high - (40 / 48 + 1.96 * deviation))).toBeLessThan(2 / 48)
})

test('images of another size cannot be shown to the deployed model: the verdict says so, and nothing is deployed', async () => {
  const { store, data } = await begin({ training: TRAINING, testSet: images(40) })
  const { sha1 } = await train(store, 1)
  const small = (set: typeof TRAINING) => ({
    ...set,
    ...{ width: 2, height: 2 },
    images: set.images.filter((_, i) => i % 48 < 12),
  })
  data.training = small(TRAINING)
  data.testSet = small(images(44))
  expect((await train(store, 2)).verdict).toMatchObject({
    code: 'other-test-set',
    reason:
      'tested on other images than the deployed model, which could not be tried on them: it takes images of 4 × 4 (rgb), these are of 2 × 2 (rgb)',
  })
  expect(await historyOf(store)).toEqual([sha1])
})

test('a deployed model whose weights are lost holds no trial up: the verdict says so, and a person may deploy', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-agent-'))
  onTestFinished(() => rm(dataDir, { recursive: true }))
  const store = await startTestStore({ dataDir })
  const { data, notebook } = changingNotebook({ training: TRAINING, testSet: images(40) })
  const { agent } = openTestAgent(store)
  await agent.register(notebook)
  agent.serve()
  const { sha1 } = await train(store, 1)
  await unlink(join(dataDir, 'blobs-v1', 'sha1', sha1.slice(0, 2), sha1.slice(2)))
  data.testSet = images(44)
  const found = await train(store, 2)
  expect(found.verdict).toMatchObject({ code: 'other-test-set', reason: expect.stringMatching(/lost|404/) })
  // Known by now, so the agent is not asked.
  expect((await train(store, 3)).verdict.reason).toBe(
    'tested on other images than the deployed model, whose weights are damaged or lost: the two cannot be compared',
  )
  await call(store, 'POST', '/api/tasks/bright/deployments', { sha1: found.sha1 })
  expect((await historyOf(store))[0]).toBe(found.sha1)
})

test('a line that is cut in the midst, and a person who goes back to another model meanwhile: that one is measured, too', async () => {
  let cut = () => {}
  const change = whenMeasuring(() => cut())
  const { store, proxy, data } = await begin({ training: TRAINING, testSet: images(40, 30) }, change)
  const former = await train(store, 1)
  data.training = INVERTED
  const deployed = await train(store, 2)
  expect(await historyOf(store)).toEqual([deployed.sha1, former.sha1])
  // Of the new set the deployed model has 20 of 50, the former 30.
  data.testSet = images(50, 20)
  const page = await openTestPage(store)
  cut = proxy.close
  const { id } = await launch(store, { SEED: 3 })
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  await call(store, 'POST', '/api/tasks/bright/deployments', { sha1: former.sha1 })
  proxy.open()
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  expect(job.trials[0]?.attempt).toBe(1)
  expect((await resultOf(store, job)).verdict.reason).toBe(
    'on the new test set of 50 images: 40.0 % against 60.0 % of the deployed one',
  )
})

test('a store that is restarted in the midst compares all the same', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-agent-'))
  let store: RunningStore = await startStore({ dataDir, port: 0 })
  const { port } = store
  onTestFinished(async () => {
    await store.close()
    await rm(dataDir, { recursive: true })
  })
  let restart = () => {}
  const restarted = new Promise<void>((resolve, reject) => {
    restart = () => {
      const again = store.close().then(() => startStore({ dataDir, port }))
      again.then((next) => {
        store = next
        resolve()
      }, reject)
    }
  })
  const { agent } = openTestAgent(
    store,
    store.url,
    whenMeasuring(() => restart()),
  )
  const { data, notebook } = changingNotebook({ training: TRAINING, testSet: images(40, 40) })
  await agent.register(notebook)
  agent.serve()
  await train(store, 1)
  data.testSet = images(50, 10)
  const { id } = await launch(store, { SEED: 2 })
  await restarted
  const page = await openTestPage(store)
  const now = await call<Job>(store, 'GET', `/api/jobs/${id}`)
  const job =
    now.state === 'done' ? now : (await page.next('job', ({ job }) => job.id === id && job.state === 'done')).job
  expect((await resultOf(store, job)).verdict).toMatchObject({
    code: 'not-better',
    reason: 'on the new test set of 50 images: 80.0 % against 80.0 % of the deployed one',
  })
})

test('two candidates that finish together: one is deployed, and the figures are kept once', async () => {
  const { store, data } = await begin({ training: TRAINING, testSet: images(40) })
  const former = await train(store, 1)
  data.training = INVERTED
  data.testSet = images(50, 50)
  const job = await launchUntil(store, { SEED: 2, LEARNING_RATE: [0.1, 0.2] }, 'done')
  const made = await Promise.all(job.trials.map(({ sha1 }) => modelOf(store, sha1)))
  // Both have all of the new set, and equal is not better.
  expect(made.map(({ verdict }) => verdict.code).sort()).toEqual(['deployed', 'not-better'])
  expect(made.map(({ verdict }) => verdict.reason).sort()).toEqual([
    '100.0 % ≤ 100.0 %',
    'on the new test set of 50 images: 100.0 % against 0.0 % of the deployed one',
  ])
  expect(await historyOf(store)).toEqual([made.find(({ verdict }) => verdict.deployed)?.sha1, former.sha1])
  expect((await modelOf(store, former.sha1)).reevaluations).toHaveLength(1)
})
