// An agent whose process is killed while the store waits for it to measure another model.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { fileURLToPath } from 'node:url'
import { isFinal, type Job, type Model } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightModel, brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launch, launchUntil } from './testing/api.ts'
import { startProxy } from './testing/proxy.ts'
import type { NotebookDefinition } from './types.ts'

const SCRIPT = fileURLToPath(new URL('./testing/agentProcess.mjs', import.meta.url))

/** Starts an agent that reaches the store through the proxy; resolves with what kills it once the store has it. */
async function startAgent(store: RunningStore, url: string): Promise<() => Promise<void>> {
  const page = await openTestPage(store)
  const env = { ...process.env, STORE: url.replace('http', 'ws'), PAWPRINT_TOKEN: store.agentToken }
  const child = spawn(process.execPath, [SCRIPT], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  await page.next('notebook', ({ notebook }) => notebook.state === 'idle')
  await page.close()
  return kill
}

/** The notebook of that process, for the kernel that comes after it. */
const NOTEBOOK: NotebookDefinition = {
  ...brightNotebook(),
  hyperparameters: { EPOCHS: 2, COUNT: 40 },
  async train(trial) {
    const optimizer = { type: 'sgd', learningRate: 0.1, momentum: 0 } as const
    const run = await trial.compile(brightModel(), { loss: 'categoricalCrossentropy', optimizer })
    for await (const _ of run.fit(brightImages(40), { epochs: trial.params.EPOCHS ?? 1, batchSize: 10 }));
    return run.evaluate(brightImages(trial.params.COUNT ?? 40))
  },
}

const modelOf = (store: RunningStore, job: Job): Promise<Model> =>
  call(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)

test('killed before it has answered: the next kernel measures it, nothing of the first try is kept, and the two are compared', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const kill = await startAgent(store, proxy.url)
  const deployed = await modelOf(store, await launchUntil(store, { SEED: 1, EPOCHS: 1 }, 'done'))
  expect(deployed.verdict.code).toBe('deployed')

  // It has been asked to measure the deployed model, and begins to fetch it.
  const asked = proxy.hold('/network')
  const { id } = await launch(store, { SEED: 2, COUNT: 50 })
  await asked
  await kill()
  const during = await call<{ items: Model[] }>(store, 'GET', '/api/models')
  expect(during.items.map(({ sha1 }) => sha1)).toEqual([deployed.sha1])
  expect(await call<Job>(store, 'GET', `/api/jobs/${id}`)).toMatchObject({ trials: [{ state: 'running', attempt: 1 }] })

  proxy.letGo()
  const page = await openTestPage(store)
  const identity = { instance: 'next', host: hostname(), pid: process.pid, cores: 2, slots: 1 }
  const { agent } = openTestAgent(store, store.url, { identity, isAlive: () => false })
  await agent.register(NOTEBOOK)
  agent.serve()
  const { job } = await page.next('job', ({ job }) => job.id === id && isFinal(job.state))
  expect(job).toMatchObject({ state: 'done', trials: [{ attempt: 2 }] })
  const found = await modelOf(store, job)
  expect(found.testSet.count).toBe(50)
  expect(found.origins).toMatchObject([{ job: id, attempt: 2 }])
  expect(found.verdict.reason).toMatch(/^on the new test set of 50 images: .* against .* of the deployed one$/)
  const { reevaluations } = await call<Model>(store, 'GET', `/api/models/${deployed.sha1}`)
  expect(reevaluations?.map(({ testSet }) => testSet)).toEqual([found.testSet])
})
