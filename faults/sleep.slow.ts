// A laptop that sleeps: an agent's process stands still, and goes on later as if no time had passed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { brightNotebook, openTestAgent } from '../agent/src/testing/agents.ts'
import { call, launch, logOf } from '../agent/src/testing/api.ts'
import type { RunningStore } from '../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../store-server/src/testing/testStore.ts'

const SLEEPER = fileURLToPath(new URL('sleeper.mjs', import.meta.url))
const EPOCH_LINE = 'an epoch is over'

/** Long enough for a busy machine, so that only a process that stands still is taken for lost. */
const TIMES = { pingIntervalMs: 200, deadAfterMs: 3000, leaseMs: 3000 }

function startSleeper({ url, agentToken }: RunningStore) {
  const child = spawn(process.execPath, [SLEEPER, url.replace('http', 'ws'), agentToken], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)))
  return {
    sleep: () => child.kill('SIGSTOP'),
    wake: () => child.kill('SIGCONT'),
    /** Lets its trial go on to its end. */
    goOn: () => child.send('go on'),
    output: () => output,
  }
}

/** A trial of an agent that fell asleep behind its first epoch, and is known to be unreachable. */
async function openScene() {
  const store = await startTestStore({ times: TIMES })
  const page = await openTestPage(store)
  const sleeper = startSleeper(store)
  const untilState = (name: string, state: string) =>
    page.next('notebook', ({ notebook }) => notebook.name === name && notebook.state === state)
  const untilDone = (id: string) => page.next('job', ({ job }) => job.id === id && job.state === 'done')
  await untilState('bright', 'idle')
  const { id } = await launch(store, { EPOCHS: 2 })
  page.send({ type: 'follow', job: id, afterLog: 0, afterMetric: 0 })
  await page.next('log', ({ lines }) => lines.some(({ text }) => text === EPOCH_LINE))
  sleeper.sleep()
  await untilState('bright', 'unreachable')
  return { store, page, sleeper, id, untilState, untilDone }
}

/** Epochs that the sleeper said are over; the whole log is without a gap. */
const epochsOf = async (store: RunningStore, id: string): Promise<number> => {
  const lines = await logOf(store, id)
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
  return lines.filter(({ text }) => text === EPOCH_LINE).length
}

test('an agent that slept past its lease goes on with its attempt when nobody took over', async () => {
  const { store, sleeper, id, untilState, untilDone } = await openScene()
  sleeper.wake()
  await untilState('bright', 'busy')
  sleeper.goOn()
  const { job } = await untilDone(id)
  expect(job.trials).toMatchObject([{ state: 'done', attempt: 1, sha1: expect.any(String) }])
  expect(await epochsOf(store, id)).toBe(2)
})

test('an agent that slept while another one took over is fenced and told: its attempt ends, the other one counts', async () => {
  const { store, sleeper, id, untilState, untilDone } = await openScene()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook())
  agent.serve()
  const { job } = await untilDone(id)
  expect(job.trials).toMatchObject([{ state: 'done', attempt: 2, sha1: expect.any(String) }])
  const before = await call<Job>(store, 'GET', `/api/jobs/${id}`)
  sleeper.wake()
  await untilState('bright-2', 'idle')
  await expect.poll(sleeper.output, { timeout: 20_000 }).toContain('trial 1 was taken over by another kernel')
  expect(await call(store, 'GET', `/api/jobs/${id}`)).toEqual(before)
  expect(await epochsOf(store, id)).toBe(1)
})
