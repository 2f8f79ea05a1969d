/**
 * Fills a new data folder with finished jobs and models in the store's own format, without the fsync of each: of a hundred
 * thousand they would take an hour.
 */
import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
const TASK = {
  name: 'cifar10',
  classNames: CLASSES,
  metric: { name: 'testAccuracy', direction: 'max', min: 0, max: 1 },
}
const SCHEMA = ['BATCH_SIZE', 'EPOCHS', 'LEARNING_RATE', 'NUM_FILTERS', 'DROPOUT', 'SEED'].map((key) => ({
  key,
  type: 'float',
  list: key !== 'SEED',
  min: 0,
  max: 2 ** 32 - 1,
  default: key === 'SEED' ? null : [1, 2],
  about: 'one of the values that a person may change',
}))
const START_MS = Date.parse('2026-01-01T00:00:00.000Z')
const timeAt = (n) => new Date(START_MS + n * 60_000).toISOString()
const hex = (algorithm, text) => createHash(algorithm).update(text).digest('hex')
const paramsOf = (n) => ({
  BATCH_SIZE: 32,
  EPOCHS: 8,
  LEARNING_RATE: 0.001 * (n % 7),
  NUM_FILTERS: 8 + (n % 32),
  DROPOUT: 0.25,
})

function modelAt(n, job, trial) {
  const at = timeAt(n)
  return {
    model: {
      sha1: hex('sha1', `${n}`),
      sha256: hex('sha256', `${n}`),
      sizeBytes: 1_000_000 + n,
      task: TASK.name,
      origins: [{ job, trial, attempt: 1, at }],
      params: paramsOf(n),
      seed: n,
      metrics: { testAccuracy: 0.5 + (n % 1000) / 1e5, testLoss: 1.2, validationAccuracy: 0.5, validationLoss: 1.25 },
      parameterCount: 250_000,
      testSet: { fingerprint: hex('sha256', 'test set'), count: 10_000 },
      engine: 'onnxruntime-node 1.30.0, wasm',
      preprocessing: {
        width: 32,
        height: 32,
        channels: 'rgb',
        fit: 'fill',
        kernel: 'linear',
        scale: 1 / 255,
        mean: [0.49, 0.48, 0.45],
        std: [0.25, 0.24, 0.26],
      },
      classNames: CLASSES,
      finite: true,
      verdict: {
        deployed: false,
        code: 'not-better',
        reason: '50.1 % is not better than 51.0 % of the deployed model',
        at,
      },
      createdAt: at,
    },
    number: n + 1,
    served: false,
  }
}

function jobAt(number, id, models) {
  const at = models[0].model.createdAt
  const trials = models.map(({ model }, index) => {
    const { params, sha1, metrics } = model
    return {
      index,
      params,
      state: 'done',
      attempt: 1,
      progress: 1,
      sha1,
      metrics,
      startedAt: at,
      endedAt: at,
      reason: null,
    }
  })
  const config = {
    BATCH_SIZE: [32],
    EPOCHS: [8],
    LEARNING_RATE: [0.001],
    NUM_FILTERS: [8, 16],
    DROPOUT: [0.25],
    SEED: null,
  }
  const job = {
    id,
    number,
    notebook: 'cifar10',
    task: TASK.name,
    state: 'done',
    seed: number,
    config,
    createdAt: at,
    startedAt: at,
    endedAt: at,
    heardAt: at,
    logLines: 0,
    trials,
  }
  const of = (value) => trials.map(() => value)
  return {
    job,
    requestId: null,
    rank: number,
    stopping: false,
    leases: of(['lease']),
    forgiven: of(0),
    checkpoints: of(null),
  }
}

const registryOf = (jobs, models) => ({
  version: 1,
  notebooks: [
    {
      notebook: {
        name: 'cifar10',
        task: TASK,
        state: 'unreachable',
        since: timeAt(0),
        schema: SCHEMA,
        config: {},
        previousConfig: null,
        engine: 'bench',
        cores: 2,
        job: null,
        trialSeconds: 60,
      },
      requested: 'cifar10',
      instance: 'bench',
      host: 'bench',
      pid: 1,
      slots: 1,
      heardAt: timeAt(0),
      seconds: [60],
    },
  ],
  tasks: [{ task: TASK, pinned: false }],
  counters: { jobs, models },
})

async function put(folder, name, value) {
  const path = join(folder, `${name}.json`)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, JSON.stringify(value))
}

export async function fill(folder, jobs, trials) {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'layout'), '1\n')
  await put(folder, 'registry', registryOf(jobs, jobs * trials))
  for (let number = 1; number <= jobs; number++) {
    const id = `job${number}`
    const models = Array.from({ length: trials }, (_, trial) => modelAt((number - 1) * trials + trial, id, trial))
    await Promise.all([
      put(folder, `jobs/${id}/job`, jobAt(number, id, models)),
      ...models.map((record) => put(folder, `models/${record.model.sha1}/model`, record)),
      ...models.map(({ model }) =>
        put(folder, `models/${model.sha1}/details`, { topology: { layers: [] }, evaluation: null }),
      ),
    ])
  }
}
