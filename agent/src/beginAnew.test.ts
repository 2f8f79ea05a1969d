import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightModel, brightNotebook } from './testing/agents.ts'
import { launch } from './testing/api.ts'
import { CONFIG, ended, interrupted, openKernel, sha1Undisturbed, texts } from './testing/kernels.ts'
import type { NotebookDefinition, Trial } from './types.ts'

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
  ['another model', (own) => ({ ...own, train: otherModel })],
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

const otherModel: NotebookDefinition['train'] = (trial) => train(trial, 100, 0.9)
const otherData: NotebookDefinition['train'] = (trial) => train(trial, 80, 0)

async function train(trial: Trial, images: number, momentum: number) {
  const run = await trial.compile(brightModel(), {
    loss: 'categoricalCrossentropy',
    optimizer: { type: 'sgd', learningRate: 0.1, momentum },
  })
  for await (const epoch of run.fit(brightImages(images), { epochs: 4, batchSize: 10 })) trial.report(epoch)
  return run.evaluate(brightImages(40))
}

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
