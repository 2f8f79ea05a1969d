import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal, type Job } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightModel, brightNotebook, openTestAgent, type TestAgent } from './testing/agents.ts'
import { call, launch, launchUntil, logOf } from './testing/api.ts'
import type { NotebookDefinition, Trial } from './types.ts'

const HOST = { cores: 2, slots: 1, host: 'here' }

interface Kernel extends TestAgent {
  readonly instance: string
}

let kernels = 0
/** An agent of its own, as each start of a kernel has one. */
function openKernel(store: RunningStore): Kernel {
  const instance = `kernel-${++kernels}`
  const identity = { ...HOST, instance, pid: kernels }
  // Every predecessor is dead.
  return { instance, ...openTestAgent(store, store.url, { identity, isAlive: () => false }) }
}

const CONFIG = { EPOCHS: 4, BATCH_SIZE: 10, LEARNING_RATE: 0.1, SEED: 3 }

async function sha1Undisturbed(notebook: NotebookDefinition, config: object = CONFIG): Promise<string | null> {
  const store = await startTestStore()
  const { agent } = openKernel(store)
  await agent.register(notebook)
  agent.serve()
  return (await launchUntil(store, config, 'done')).trials[0]?.sha1 ?? null
}

const texts = async (store: RunningStore, job: string): Promise<string[]> =>
  (await logOf(store, job)).map(({ text }) => text)

/** Resolves when the job has ended. */
async function ended(store: RunningStore, id: string): Promise<Job> {
  const page = await openTestPage(store)
  const known = await call<Job>(store, 'GET', `/api/jobs/${id}`)
  if (isFinal(known.state)) return known
  const { job } = await page.next('job', ({ job }) => job.id === id && isFinal(job.state))
  await page.close()
  return job
}

/** Runs the notebook until it has reported `epochs` of them, stops its kernel there as a shutdown does, and starts another one. */
async function interrupted(notebookFor: (between: (trial: Trial) => Promise<void>) => NotebookDefinition, epochs = 2) {
  const store = await startTestStore()
  const first = openKernel(store)
  let reached = (): void => undefined
  const isThere = new Promise<void>((resolve) => {
    reached = resolve
  })
  let count = 0
  await first.agent.register(
    notebookFor(async () => {
      if (++count < epochs) return
      reached()
      await new Promise(() => undefined)
    }),
  )
  first.agent.serve()
  const { id } = await launch(store, CONFIG)
  await isThere
  await first.agent.close()
  return { store, id }
}

test('a trial whose kernel was shut down goes on where it was, and ends in the same weights as if nothing had been', async () => {
  const { store, id } = await interrupted(brightNotebook)
  const second = openKernel(store)
  const seen: number[] = []
  const notebook = brightNotebook(async () => void seen.push(seen.length))
  await second.agent.register(notebook)
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]).toMatchObject({ state: 'done', attempt: 2 })
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(brightNotebook()))
  const lines = await texts(store, id)
  expect(lines).toContain('trial 1: goes on from step 20')
  // The loop sees all four epochs again, and the log has each of them once.
  expect(seen).toHaveLength(4)
  for (const epoch of [1, 2, 3, 4])
    expect(lines.filter((line) => line.startsWith(`trial 1: epoch ${epoch} of 4:`))).toHaveLength(1)
})

test('a job that a person stopped goes on from its last step when it is resumed', async () => {
  const store = await startTestStore()
  const { agent } = openKernel(store)
  let wait: Promise<void> = new Promise(() => undefined)
  await agent.register(brightNotebook(() => wait))
  agent.serve()
  const page = await openTestPage(store)
  const { id } = await launch(store, CONFIG)
  await page.next('trial', ({ trial }) => trial.progress > 0)
  await call(store, 'POST', `/api/jobs/${id}/stop`)
  expect((await ended(store, id)).state).toBe('cancelled')
  wait = Promise.resolve()
  await call(store, 'POST', `/api/jobs/${id}/retry`)
  const job = await ended(store, id)
  expect(job.trials[0]).toMatchObject({ state: 'done', attempt: 2 })
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(brightNotebook()))
  expect(await texts(store, id)).toContain('trial 1: goes on from step 10')
})

/** Two calls of fit, as in fine-tuning; the loop of the second is what is interrupted. */
const twoFits = (between: (trial: Trial) => Promise<void> = async () => {}): NotebookDefinition => ({
  ...brightNotebook(),
  async train(trial) {
    const run = await trial.compile(brightModel(), {
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0.9 },
    })
    for await (const epoch of run.fit(brightImages(50), { epochs: 2, batchSize: 10 })) trial.report(epoch)
    for await (const epoch of run.fit(brightImages(100), { epochs: 3, batchSize: 20 })) {
      trial.report(epoch)
      await between(trial)
    }
    return run.evaluate(brightImages(40))
  },
})

test('a second call of fit goes on where it was; the first is not trained again', async () => {
  const { store, id } = await interrupted(twoFits)
  const second = openKernel(store)
  await second.agent.register(twoFits())
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(twoFits()))
  const lines = await texts(store, id)
  expect(lines).toContain('trial 1: goes on from step 20')
  expect(lines.filter((line) => line.startsWith('trial 1: epoch 1 of 2:'))).toHaveLength(1)
})

/** Two models, of which the second is what counts. */
const twoModels = (between: (trial: Trial) => Promise<void> = async () => {}): NotebookDefinition => ({
  ...brightNotebook(),
  async train(trial) {
    const options = {
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 },
    } as const
    const first = await trial.compile(brightModel(), options)
    for await (const epoch of first.fit(brightImages(50), { epochs: 2, batchSize: 10 })) trial.report(epoch)
    const { accuracy } = await first.evaluate(brightImages(20))
    const second = await trial.compile(brightModel(), options)
    for await (const epoch of second.fit(brightImages(100), { epochs: accuracy > 2 ? 1 : 3, batchSize: 20 })) {
      trial.report(epoch)
      await between(trial)
    }
    return second.evaluate(brightImages(40))
  },
})

test('a second model goes on where it was, also when the kernel is shut down twice; the first one is trained again', async () => {
  const { store, id } = await interrupted(twoModels)
  const second = openKernel(store)
  let reached = (): void => undefined
  const isThere = new Promise<void>((resolve) => {
    reached = resolve
  })
  await second.agent.register(
    twoModels(async () => {
      reached()
      await new Promise(() => undefined)
    }),
  )
  second.agent.serve()
  await isThere
  await second.agent.close()
  const third = openKernel(store)
  await third.agent.register(twoModels())
  third.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]).toMatchObject({ state: 'done', attempt: 3 })
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(twoModels()))
  const lines = await texts(store, id)
  expect(lines.filter((line) => line === 'trial 1: goes on from step 10')).toHaveLength(2)
})

/** A train function that decides by what the model is between epochs. */
const curious = (between: (trial: Trial) => Promise<void> = async () => {}): NotebookDefinition => ({
  ...brightNotebook(),
  async train(trial) {
    const run = await trial.compile(brightModel(), {
      loss: 'categoricalCrossentropy',
      optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 },
    })
    for await (const epoch of run.fit(brightImages(100), { epochs: 4, batchSize: 10 })) {
      trial.report(epoch)
      const { loss } = await run.evaluate(brightImages(20))
      trial.log(`after epoch ${epoch.epoch} the loss is ${loss}`)
      await between(trial)
    }
    return run.evaluate(brightImages(40))
  },
})

test('a train function that looks at its model between epochs begins anew, and sees what it would have seen', async () => {
  const { store, id } = await interrupted(curious)
  const second = openKernel(store)
  await second.agent.register(curious())
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]).toMatchObject({ state: 'done', attempt: 2 })
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(curious()))
  const lines = await texts(store, id)
  expect(lines.find((line) => line.includes('begins anew'))).toMatch(/looks at its model/)
  // Each loss that was seen twice was the same one.
  const losses = lines.filter((line) => line.startsWith('after epoch'))
  expect(new Set(losses).size).toBe(4)
})

test.each<[string, (definition: NotebookDefinition) => NotebookDefinition]>([
  ['another model', () => twoFits()],
  ['other data', (own) => ({ ...own, train: otherData })],
])('a kernel that comes back with %s begins the trial anew and says why', async (_, change) => {
  const { store, id } = await interrupted(brightNotebook)
  const second = openKernel(store)
  const changed = change(brightNotebook())
  await second.agent.register(changed)
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]).toMatchObject({ state: 'done', attempt: 2 })
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(changed))
  expect((await texts(store, id)).some((line) => /begins anew, since the checkpoint does not fit/.test(line))).toBe(
    true,
  )
})

const otherData: NotebookDefinition['train'] = async (trial) => {
  const run = await trial.compile(brightModel(), {
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1, momentum: 0 },
  })
  for await (const epoch of run.fit(brightImages(80), { epochs: 4, batchSize: 10 })) trial.report(epoch)
  return run.evaluate(brightImages(40))
}

test('early stopping gives the same weights whether or not it was interrupted', async () => {
  const patient = (between: (trial: Trial) => Promise<void> = async () => {}): NotebookDefinition => ({
    ...brightNotebook(),
    async train(trial) {
      const run = await trial.compile(brightModel(), {
        loss: 'categoricalCrossentropy',
        optimizer: { type: 'sgd', learningRate: 0.5, momentum: 0 },
      })
      const images = brightImages(20)
      // Labels that training contradicts: the first epoch is the best.
      const validation = { ...images, labels: images.labels.map((label) => 1 - label) }
      const options = { epochs: 50, batchSize: 10, validation, patience: 3 }
      for await (const epoch of run.fit(brightImages(100), options)) {
        trial.report(epoch)
        await between(trial)
      }
      return run.evaluate(brightImages(40))
    },
  })
  const { store, id } = await interrupted(patient)
  const second = openKernel(store)
  await second.agent.register(patient())
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(patient()))
  expect((await texts(store, id)).filter((line) => /^trial 1: epoch \d+ of 50:/.test(line)).length).toBeLessThan(50)
})

test('a checkpoint that the store has lost is no loss of the trial', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-resume-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  const store = await startTestStore({ dataDir })
  const first = openKernel(store)
  let reached = (): void => undefined
  const isThere = new Promise<void>((resolve) => {
    reached = resolve
  })
  await first.agent.register(
    brightNotebook(async () => {
      reached()
      await new Promise(() => undefined)
    }),
  )
  first.agent.serve()
  const { id } = await launch(store, CONFIG)
  await isThere
  await first.agent.close()
  await rm(join(dataDir, 'blobs-v1', 'sha1'), { recursive: true })
  const second = openKernel(store)
  await second.agent.register(brightNotebook())
  second.agent.serve()
  const job = await ended(store, id)
  expect(job.trials[0]?.sha1).toBe(await sha1Undisturbed(brightNotebook()))
  expect((await texts(store, id)).some((line) => line.includes('begins anew'))).toBe(true)
})
