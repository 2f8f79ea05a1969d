import { expect, test } from 'vitest'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightModel, brightNotebook } from './testing/agents.ts'
import { call, launch } from './testing/api.ts'
import { CONFIG, ended, interrupted, openKernel, sha1Undisturbed, texts } from './testing/kernels.ts'
import type { NotebookDefinition, Trial } from './types.ts'

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
