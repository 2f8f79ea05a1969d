import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sgd } from '@pawprint/engine'
import type { Job, Notebook } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { onTestFinished } from 'vitest'
import type { RunningStore } from '../../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../../store-server/src/testing/testStore.ts'
import { imageFolder } from '../datasets/folder/imageFolder.ts'
import { picture, surroundingsIn } from '../datasets/testing/testFolder.ts'
import type { NotebookDefinition, Trial } from '../types.ts'
import { openTestAgent } from './agents.ts'
import { call, launchUntil, logOf } from './api.ts'

/** A folder of pictures in two classes, and the data set of it. */
export async function createFolder() {
  const root = await mkdtemp(join(tmpdir(), 'new-data-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const put = async (className: string, first: number, count: number): Promise<void> => {
    await mkdir(join(root, 'pets', className), { recursive: true })
    for (let n = first; n < first + count; n++)
      await writeFile(join(root, 'pets', className, `${n}.png`), picture(n * 977))
  }
  await put('cat', 0, 12)
  await put('dog', 100, 12)
  const around = surroundingsIn(root)
  return { root, put, open: () => imageFolder('pets', { imageSize: 8, testSplit: 0.4, log: () => {} }, around) }
}
type Folder = Awaited<ReturnType<typeof createFolder>>

/** Without steps a model keeps the weights that it began with. `seen`: images of each trial's data set, in the order of the trials. */
export function notebookOf(data: Awaited<ReturnType<Folder['open']>>, seen: number[] = []): NotebookDefinition {
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

/** A notebook that was trained once; its folder then changes as a test says. */
export async function beginTrained(options: Parameters<typeof startTestStore>[0] = {}) {
  const store = await startTestStore(options)
  const page = await openTestPage(store)
  const folder = await createFolder()
  const seen: number[] = []
  const notebook = notebookOf(await folder.open(), seen)
  const { agent } = openTestAgent(store)
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
  return { store, page, folder, seen, agent, notebook, says, trainOn, ended, first }
}
/** A job's log. */
export const textOf = async (store: RunningStore, job: Job): Promise<string> =>
  (await logOf(store, job.id)).map(({ text }) => text).join('\n')
