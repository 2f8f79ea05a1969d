import { isFinal, type Job } from '@pawprint/protocol'
import type { RunningStore } from '../../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../../store-server/src/testing/testStore.ts'
import type { NotebookDefinition, Trial } from '../types.ts'
import { openTestAgent, TEST_TIMES, type TestAgent } from './agents.ts'
import { call, launch, launchUntil, logOf } from './api.ts'

const HOST = { cores: 2, slots: 1, host: 'here' }

export interface Kernel extends TestAgent {
  readonly instance: string
}

let kernels = 0
/** An agent of its own, as each start of a kernel has one. */
export function openKernel(store: RunningStore): Kernel {
  const instance = `kernel-${++kernels}`
  const identity = { ...HOST, instance, pid: kernels }
  // Every predecessor is dead.
  // A busy machine may take long to bring the last checkpoint to the store.
  const times = { ...TEST_TIMES, farewellMs: 30_000 }
  return { instance, ...openTestAgent(store, store.url, { identity, isAlive: () => false, times }) }
}

export const CONFIG = { EPOCHS: 4, BATCH_SIZE: 10, LEARNING_RATE: 0.1, SEED: 3 }

export async function sha1Undisturbed(notebook: NotebookDefinition, config: object = CONFIG): Promise<string | null> {
  const store = await startTestStore()
  const { agent } = openKernel(store)
  await agent.register(notebook)
  agent.serve()
  return (await launchUntil(store, config, 'done')).trials[0]?.sha1 ?? null
}

export const texts = async (store: RunningStore, job: string): Promise<string[]> =>
  (await logOf(store, job)).map(({ text }) => text)

/** Resolves when the job has ended. */
export async function ended(store: RunningStore, id: string): Promise<Job> {
  const page = await openTestPage(store)
  const known = await call<Job>(store, 'GET', `/api/jobs/${id}`)
  if (isFinal(known.state)) return known
  const { job } = await page.next('job', ({ job }) => job.id === id && isFinal(job.state))
  await page.close()
  return job
}

/** Runs the notebook until it has reported `epochs` of them, stops its kernel there as a shutdown does, and starts another one. */
export async function interrupted(
  notebookFor: (between: (trial: Trial) => Promise<void>) => NotebookDefinition,
  epochs = 2,
) {
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
