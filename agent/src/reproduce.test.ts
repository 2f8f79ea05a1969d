import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Job, Model } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { nativeProblem } from '../../engine/src/native/addon.ts'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, HYPERPARAMETERS, openTestAgent, upsampledModel } from './testing/agents.ts'
import { call, launchUntil, logOf } from './testing/api.ts'
import { startProxy } from './testing/proxy.ts'
import type { NotebookDefinition } from './types.ts'

const CONFIG = { EPOCHS: 2, LEARNING_RATE: [0.1, 0.2], SEED: 5 }

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pawprint-reproduce-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** A notebook that has trained a grid of two, and the SHA-1 of the second. */
async function trained(options: Parameters<typeof startTestStore>[0] = {}, notebook = brightNotebook()) {
  const store = await startTestStore(options)
  const { agent } = openTestAgent(store)
  await agent.register(notebook)
  agent.serve()
  const job = await launchUntil(store, CONFIG, 'done')
  return { store, agent, job, sha1: job.trials[1]?.sha1 ?? '' }
}
const jobsOf = async (store: Parameters<typeof call>[0]) =>
  (await call<{ items: Job[] }>(store, 'GET', '/api/jobs')).items

test('a model is trained again to the same bytes, whatever the values are now, and the store keeps that', async () => {
  const dataDir = join(await folder(), 'data')
  const { store, agent, job, sha1 } = await trained({ dataDir })
  await call(store, 'POST', '/api/notebooks/bright/config', { EPOCHS: 7, BATCH_SIZE: 3, SEED: 8 })
  expect(await agent.reproduce(sha1)).toEqual({ sha1, isSame: true })
  const [again] = await jobsOf(store)
  expect(again?.trials.map(({ params }) => params)).toEqual([job.trials[1]?.params])
  expect(again).toMatchObject({
    seed: 5,
    reproduces: { sha1, engine: 'onnxruntime cpu, 1 thread', result: { sha1, isSame: true } },
  })
  const lines = (await logOf(store, again?.id ?? '')).map(({ text }) => text)
  expect(lines).toContain(`Reproduced ${sha1.slice(0, 7)}: the same bytes.`)
  await agent.close()
  await store.close()

  const later = await startTestStore({ dataDir })
  expect((await jobsOf(later))[0]?.reproduces).toEqual(again?.reproduces)
  const model = await call<Model>(later, 'GET', `/api/models/${sha1}`)
  expect(model.reproduced).toEqual({ job: again?.id, ...again?.reproduces?.result })
  expect(model.origins).toHaveLength(2)
})

test('a notebook that was edited makes other bytes, and says which', async () => {
  const { store, agent, sha1 } = await trained()
  const edited = brightNotebook()
  await agent.register({
    ...edited,
    train: (trial, ...rest) => edited.train({ ...trial, params: { ...trial.params, BATCH_SIZE: 20 } }, ...rest),
  })
  const answer = await agent.reproduce(sha1)
  expect(answer.isSame).toBe(false)
  expect(answer.sha1).not.toBe(sha1)
  expect((await call<Model>(store, 'GET', `/api/models/${sha1}`)).reproduced).toMatchObject(answer)
  expect((await call<Model>(store, 'GET', `/api/models/${answer.sha1}`)).reproduced).toBeUndefined()
  expect((await jobsOf(store))[0]?.reproduces?.result).toMatchObject(answer)
})

test.skipIf(nativeProblem() !== null)(
  'what the native engine has trained is trained again by it, to the same bytes',
  async () => {
    const before = process.env.PAWPRINT_ENGINE
    onTestFinished(() => setEngine(before))
    setEngine('native')
    const { store, agent, job, sha1 } = await trained()
    setEngine(before)
    expect(await call<Model>(store, 'GET', `/api/models/${sha1}`)).toMatchObject({
      engine: expect.stringMatching(/^onednn cpu, 1 thread/),
    })
    expect(job.trials.map(({ state }) => state)).toEqual(['done', 'done'])
    expect(await agent.reproduce(sha1)).toEqual({ sha1, isSame: true })
  },
)

function setEngine(name: string | undefined): void {
  if (name === undefined) delete process.env.PAWPRINT_ENGINE
  else process.env.PAWPRINT_ENGINE = name
}

test('a trial that fails, a stop, and whatever the store refuses reject', async () => {
  const { store, agent, sha1 } = await trained()
  await expect(agent.reproduce('x')).rejects.toMatchObject({ code: 'E_STORE', at: 'sha1' })
  await expect(agent.reproduce('a'.repeat(40))).rejects.toMatchObject({ code: 'E_STORE', expected: 'a known model' })
  const failing: NotebookDefinition = { ...brightNotebook(), train: () => Promise.reject(new RangeError('no memory')) }
  await agent.register(failing)
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({
    code: 'E_STORE',
    expected: 'a trial that is done',
    got: expect.stringMatching(/^failed: RangeError: no memory/),
  })
  await agent.register({ ...brightNotebook(), hyperparameters: { ...HYPERPARAMETERS, MORE: 1 } })
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({ code: 'E_STORE', at: 'MORE' })
  expect((await call<Model>(store, 'GET', `/api/models/${sha1}`)).reproduced).toBeUndefined()
  await agent.register(brightNotebook(() => new Promise(() => undefined)))
  const stopped = agent.reproduce(sha1)
  stopped.catch(() => undefined)
  await expect.poll(async () => (await jobsOf(store))[0]?.trials[0]?.progress).toBeGreaterThan(0)
  await agent.stop()
  await expect(stopped).rejects.toMatchObject({ got: 'cancelled: stopped in the notebook' })
})

test('a model of another notebook is not trained here, and one that does not serve trains none', async () => {
  const { store, sha1 } = await trained()
  const { agent } = openTestAgent(store)
  await agent.register({ ...brightNotebook(), name: 'other' })
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({ code: 'E_TRAIN' })
  agent.serve()
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({
    expected: 'a model of notebook other',
    got: 'one of bright',
  })
  expect(await jobsOf(store)).toHaveLength(1)
  const closed = agent.close()
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({ code: expect.any(String) })
  await closed
})

test('the answer comes also when the line is cut while the trial runs, and all of it is one job', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const { agent } = openTestAgent(store, proxy.url)
  let cuts = 0
  let isCutting = false
  await agent.register(
    brightNotebook(async () => {
      if (!isCutting) return
      proxy.cut()
      cuts++
    }),
  )
  agent.serve()
  const sha1 = (await launchUntil(store, CONFIG, 'done')).trials[1]?.sha1 ?? ''
  isCutting = true
  expect(await agent.reproduce(sha1)).toEqual({ sha1, isSame: true })
  expect(cuts).toBe(2)
  expect(await jobsOf(store)).toHaveLength(2)
})

test('the engine of the model trains it again, or nothing does', async () => {
  const { store, agent, sha1 } = await trained()
  await agent.register(brightNotebook(undefined, upsampledModel))
  await expect(agent.reproduce(sha1)).rejects.toMatchObject({
    got: expect.stringMatching(/^failed: EngineError: .*UpSampling2D/),
  })
  expect((await jobsOf(store))[0]?.reproduces?.result).toBeNull()
})
