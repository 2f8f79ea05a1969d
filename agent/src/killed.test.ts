// An agent whose process is killed while the store waits for it to measure another model.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isFinal, type Job, type Model } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { call, launch, launchUntil } from './testing/api.ts'
import { startProxy } from './testing/proxy.ts'

const SCRIPT = fileURLToPath(new URL('./testing/agentProcess.mjs', import.meta.url))

/** Starts an agent that reaches the store through the proxy; resolves once the store has it. */
async function startAgent(store: RunningStore, url: string) {
  const page = await openTestPage(store)
  const env = { ...process.env, STORE: url.replace('http', 'ws'), PAWPRINT_TOKEN: store.agentToken }
  const child = spawn(process.execPath, [SCRIPT], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  onTestFinished(kill)
  await page.next('notebook', ({ notebook }) => notebook.state === 'idle' || notebook.state === 'busy')
  await page.close()
  return { kill }
}

const modelOf = (store: RunningStore, job: Job): Promise<Model> =>
  call(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)

test('killed before it has answered: the next kernel measures it, nothing of the first try is kept, and the two are compared', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const first = await startAgent(store, proxy.url)
  const deployed = await modelOf(store, await launchUntil(store, { SEED: 1, EPOCHS: 1 }, 'done'))
  expect(deployed.verdict.code).toBe('deployed')

  // It has been asked to measure the deployed model, and begins to fetch it.
  const asked = proxy.hold('/network')
  const { id } = await launch(store, { SEED: 2, COUNT: 50 })
  await asked
  await first.kill()
  const during = await call<{ items: Model[] }>(store, 'GET', '/api/models')
  expect(during.items.map(({ sha1 }) => sha1)).toEqual([deployed.sha1])
  expect(await call<Job>(store, 'GET', `/api/jobs/${id}`)).toMatchObject({ trials: [{ state: 'running', attempt: 1 }] })

  proxy.letGo()
  const page = await openTestPage(store)
  await startAgent(store, proxy.url)
  const { job } = await page.next('job', ({ job }) => job.id === id && isFinal(job.state))
  expect(job).toMatchObject({ state: 'done', trials: [{ attempt: 2 }] })
  const found = await modelOf(store, job)
  expect(found.testSet.count).toBe(50)
  expect(found.origins).toMatchObject([{ job: id, attempt: 2 }])
  expect(found.verdict.reason).toMatch(/^on the new test set of 50 images: .* against .* of the deployed one$/)
  const { reevaluations } = await call<Model>(store, 'GET', `/api/models/${deployed.sha1}`)
  expect(reevaluations?.map(({ testSet }) => testSet)).toEqual([found.testSet])
})
