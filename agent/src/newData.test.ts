// Folders that change while their notebook is registered: real files, a real store, real training.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sgd } from '@pawprint/engine'
import type { Job, Notebook } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { imageFolder } from './datasets/folder/imageFolder.ts'
import { pngOf } from './plots/png.ts'
import { openTestAgent } from './testing/agents.ts'
import { call, launchUntil, logOf } from './testing/api.ts'
import type { NotebookDefinition, Trial } from './types.ts'

/** A PNG of 8 × 8 in one of 2²⁴ colours. */
const picture = (n: number): Uint8Array =>
  pngOf(
    Uint8Array.from({ length: 192 }, (_, i) => (n >> (8 * (i % 3))) & 255),
    8,
    8,
    3,
  )

async function createFolder() {
  const root = await mkdtemp(join(tmpdir(), 'new-data-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const put = async (className: string, first: number, count: number): Promise<void> => {
    await mkdir(join(root, 'pets', className), { recursive: true })
    for (let n = first; n < first + count; n++)
      await writeFile(join(root, 'pets', className, `${n}.png`), picture(n * 977))
  }
  await put('cat', 0, 12)
  await put('dog', 100, 12)
  const around = {
    argv: [],
    env: { XDG_CACHE_HOME: join(root, 'cache') },
    platform: 'linux',
    home: root,
    currentFolder: root,
  }
  return { root, put, open: () => imageFolder('pets', { imageSize: 8, testSplit: 0.4, log: () => {} }, around) }
}
type Folder = Awaited<ReturnType<typeof createFolder>>

/** Without steps a model keeps the weights that it began with. `seen`: images of each trial's data set, in the order of the trials. */
function notebookOf(data: Awaited<ReturnType<Folder['open']>>, seen: number[] = []): NotebookDefinition {
  return {
    name: 'pets',
    task: data.task,
    data,
    hyperparameters: { STEPS: { default: 0, min: 0, max: 1 }, LEARNING_RATE: [0.1] },
    async train({ params, compile }: Trial, data) {
      seen.push(data.train.labels.length + data.validation.labels.length + data.test.labels.length)
      const layers = [
        tf.layers.flatten({ inputShape: [8, 8, 3] }),
        tf.layers.dense({ units: 4, activation: 'relu' }),
        tf.layers.dense({ units: data.task.classNames.length, activation: 'softmax' }),
      ]
      const run = await compile(tf.sequential({ layers }), { loss: 'categoricalCrossentropy', optimizer: sgd(0.1) })
      if (params.STEPS === 1) for await (const _ of run.fit(data.train, { epochs: 1, batchSize: 4 }));
      return run.evaluate(data.test)
    },
  }
}

async function begin(options: Parameters<typeof startTestStore>[0] = {}) {
  const store = await startTestStore(options)
  const page = await openTestPage(store)
  const folder = await createFolder()
  const seen: number[] = []
  const notebook = notebookOf(await folder.open(), seen)
  const { agent, printed, events } = openTestAgent(store)
  await agent.register(notebook)
  agent.serve()
  /** The notebook once it says this; what it said before is over. */
  const says = async (fits: (data: NonNullable<Notebook['newData']>) => boolean): Promise<Notebook> => {
    const isSaid = ({ newData }: Notebook): boolean => newData !== undefined && fits(newData)
    const now = await call<Notebook>(store, 'GET', '/api/notebooks/pets')
    return isSaid(now) ? now : (await page.next('notebook', ({ notebook }) => isSaid(notebook))).notebook
  }
  await says(({ found }) => found?.images === 24)
  const ended = async (id: string): Promise<Job> => {
    const now = await call<Job>(store, 'GET', `/api/jobs/${id}`)
    if (['done', 'failed'].includes(now.state)) return now
    return (await page.next('job', ({ job }) => job.id === id && ['done', 'failed'].includes(job.state))).job
  }
  const trainOn = async (body: object = {}): Promise<Job> =>
    ended((await call<Job>(store, 'POST', '/api/notebooks/pets/train', body)).id)
  const first = await launchUntil(store, { STEPS: 1, SEED: 1 }, 'done', 'pets')
  await says(({ trained }) => trained !== null)
  return { store, page, folder, seen, agent, notebook, printed, events, says, trainOn, ended, first }
}
const textOf = async (store: RunningStore, job: Job): Promise<string> =>
  (await logOf(store, job.id)).map(({ text }) => text).join('\n')
const NOTHING = { added: 0, changed: 0, removed: 0 }

test('new images are counted against the last training; a click trains on them, all trials of the job on the same', async () => {
  const { store, folder, seen, says, trainOn, ended } = await begin()
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

test('begun with a stored model and not trained further, the weights are that model’s to the bit; without, they are others', async () => {
  const { folder, says, trainOn, store, first } = await begin()
  const sha1 = first.trials[0]?.sha1
  await call(store, 'POST', '/api/notebooks/pets/config', { STEPS: 0 })
  await launchUntil(store, { SEED: 2, STEPS: 0 }, 'done', 'pets')
  await folder.put('cat', 20, 1)
  await says(({ found }) => found?.changes?.added === 1)
  const warm = await trainOn({ initialWeights: sha1 })
  expect(warm.trials[0]?.sha1).toBe(sha1)
  expect(await textOf(store, warm)).toMatch(
    /trial 1: begins with the weights of [0-9a-f]{7}: 2 of 2 layers begin with given weights/,
  )
  const cold = await trainOn()
  expect(cold.trials[0]?.sha1).not.toBe(sha1)
})

test('a class folder that appears: the notebook has the class, the head is drawn anew, and the log says so', async () => {
  const { folder, says, trainOn, store, first } = await begin()
  await folder.put('owl', 200, 12)
  await says(({ found }) => found?.changes?.added === 12)
  const job = await trainOn({ initialWeights: first.trials[0]?.sha1 })
  expect(job.state).toBe('done')
  expect(await textOf(store, job)).toMatch(
    /1 of 2 layers begin with given weights.*drawn anew: dense_Dense\d+; without a place: dense_2; its classes were cat, dog$/m,
  )
  expect((await call<Notebook>(store, 'GET', '/api/notebooks/pets')).task.classNames).toEqual(['cat', 'dog', 'owl'])
  const model = await call<{ classNames: string[] }>(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)
  expect(model.classNames).toEqual(['cat', 'dog', 'owl'])
})

test('a model of another network cannot be begun with: the trial fails and names the layer', async () => {
  const { folder, says, trainOn, notebook, agent, first } = await begin()
  await agent.register({
    ...notebook,
    async train({ compile }, data) {
      const layers = [
        tf.layers.flatten({ inputShape: [8, 8, 3] }),
        tf.layers.dense({ units: 5 }),
        tf.layers.dense({ units: 2, activation: 'softmax' }),
      ]
      const run = await compile(tf.sequential({ layers }), { loss: 'categoricalCrossentropy', optimizer: sgd(0.1) })
      return run.evaluate(data.test)
    },
  })
  await folder.put('cat', 20, 1)
  await says(({ found }) => found?.changes?.added === 1)
  const job = await trainOn({ initialWeights: first.trials[0]?.sha1 })
  expect(job.trials[0]).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(
      /layer dense_Dense\d+: expected weights of shapes \[192,5\], \[5\].* got \[192,4\], \[4\]/,
    ),
  })
  expect((await says(({ found }) => found !== null)).newData?.found?.changes?.added).toBe(1)
})

test('a folder that is deleted is a problem on the page, no training, and for a job that waits a failure that says so', async () => {
  const { folder, says, store, ended, seen } = await begin()
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
  const { folder, store, agent, page } = await begin()
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
  const { store, folder, seen, says, page } = await begin({ times: { quietMs: 30 } })
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
