// A real agent, a real store, and a bad line between them: everything arrives once and in order, whatever the line does.
import { isFinal, type Job, type LogLine } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { brightNotebook, openTestAgent } from '../../agent/src/testing/agents.ts'
import { call, launch, logOf } from '../../agent/src/testing/api.ts'
import { TIMES } from '../../agent/src/times.ts'
import type { StoreOptions } from '../../store-server/src/options.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { sizeOf, withSeed } from '../random.ts'
import { openProxy } from './proxy.ts'

const LONG_MS = 120_000
const LINES = sizeOf({ short: 300, suite: 3000, long: 30_000 })

/** Waits that a busy machine does not trip over; longer than the 4 s for which fetch keeps a connection, as the real 45 s are. */
const QUICK = { pingMs: 200, deadMs: 6000, handshakeMs: 3000 }
const QUICK_STORE = { pingIntervalMs: 200, deadAfterMs: 6000 }

/** A store that is reached through a proxy, with an agent and a page that is on the store's side. */
async function openScene(options: StoreOptions = {}) {
  let port = 0
  const proxy = await openProxy(() => port)
  onTestFinished(() => proxy.close())
  const store = await startTestStore({ ...options, allowedHosts: [proxy.host], world: { report: () => {} } })
  port = store.port
  const times = {
    ...TIMES,
    ...QUICK,
    batchMs: 5,
    reconnect: { firstMs: 5, maxMs: 20 },
    farewellMs: 1000,
    lastCheckpointMs: 500,
  }
  const test = openTestAgent(store, proxy.url, { times })
  const page = await openTestPage(store)
  return { proxy, store, page, ...test }
}
type Scene = Awaited<ReturnType<typeof openScene>>

const textOf = (n: number): string => `line ${n} of ${LINES}`
const own = (lines: readonly LogLine[]): string[] =>
  lines.map(({ text }) => text).filter((text) => /^line \d+ of/.test(text))

/** A notebook that logs its lines in its first epoch, and does `between` after each epoch. */
const talkative = (between: () => Promise<void> = async () => {}) => {
  let said = false
  return brightNotebook(async (trial) => {
    if (!said) for (let n = 1; n <= LINES; n++) trial.log(textOf(n))
    said = true
    await between()
  })
}

/** Waits for the job's end, and expects all of it, once, from one attempt. */
async function expectWhole({ store, page }: Scene, id: string): Promise<void> {
  const present = await call<Job>(store, 'GET', `/api/jobs/${id}`)
  const job = isFinal(present.state)
    ? present
    : (await page.next('job', ({ job }) => job.id === id && isFinal(job.state))).job
  expect(job).toMatchObject({ state: 'done', trials: [{ state: 'done', attempt: 1, sha1: expect.any(String) }] })
  const lines = await logOf(store, id)
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
  expect(own(lines)).toEqual(Array.from({ length: LINES }, (_, i) => textOf(i + 1)))
  const { current } = await call<{ current: { sha1: string } }>(store, 'GET', '/api/tasks/bright')
  expect(current.sha1).toBe(job.trials[0]?.sha1)
}

test('a line that is late, narrow and passes byte by byte is slow but right, and nobody takes it for dead', {
  timeout: LONG_MS,
}, async () => {
  const scene = await openScene({ times: QUICK_STORE })
  scene.proxy.toxics = { latencyMs: 30, bytesPerSecond: 1_000_000, sliceBytes: 1 }
  await scene.agent.register(talkative())
  scene.agent.serve()
  const { id } = await launch(scene.store, { EPOCHS: 2 })
  await expectWhole(scene, id)
  expect(
    scene.page.waiting.filter((message) => message.type === 'notebook' && message.notebook.state === 'unreachable'),
  ).toEqual([])
})

test(
  'a line that breaks in the midst of answers, again and again: what was stored and not acknowledged comes again, and counts once',
  { timeout: LONG_MS },
  () =>
    withSeed(async (random) => {
      const scene = await openScene()
      await scene.agent.register(talkative())
      // Enough for the handshake and some acknowledgements, so that each connection gets a little further.
      scene.proxy.toxics = { breakAfterBytes: () => random.int(900, 4000) }
      scene.proxy.reset()
      scene.agent.serve()
      const { id } = await launch(scene.store, { EPOCHS: 3 })
      await expectWhole(scene, id)
      expect(scene.proxy.connections()).toBeGreaterThan(2)
    }),
)

test('a line that vanishes without a word is noticed at both ends; the attempt goes on, and all of it is delivered over the next one', {
  timeout: LONG_MS,
}, async () => {
  const scene = await openScene({ times: QUICK_STORE })
  let mend = (): void => {}
  const mended = new Promise<void>((resolve) => {
    mend = resolve
  })
  let vanished = false
  await scene.agent.register(
    talkative(async () => {
      if (vanished) return
      vanished = true
      scene.proxy.vanish()
      await mended
    }),
  )
  scene.agent.serve()
  const { id } = await launch(scene.store, { EPOCHS: 2 })
  await scene.page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  expect(await call<Job>(scene.store, 'GET', `/api/jobs/${id}`)).toMatchObject({ state: 'running' })
  scene.proxy.heal()
  // The agent's own end looks open: only its silence says otherwise.
  await scene.page.next('notebook', ({ notebook }) => notebook.state === 'busy')
  mend()
  await expectWhole(scene, id)
})

test('a stop that is asked for while the line is gone reaches the kernel when it is back, and the job is cancelled once', {
  timeout: LONG_MS,
}, async () => {
  const scene = await openScene({ times: QUICK_STORE })
  let aborted = false
  await scene.agent.register(
    brightNotebook(async (trial) => {
      scene.proxy.vanish()
      await new Promise<void>((resolve) => trial.signal.addEventListener('abort', () => resolve(), { once: true }))
      aborted = true
    }),
  )
  scene.agent.serve()
  const { id } = await launch(scene.store, { EPOCHS: 2 })
  await scene.page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  const stopped = await call<Job>(scene.store, 'POST', `/api/jobs/${id}/stop`)
  expect(stopped.state).toBe('stopping')
  scene.proxy.heal()
  await scene.page.next('job', ({ job }) => job.id === id && job.state === 'cancelled')
  expect(aborted).toBe(true)
  const log = await logOf(scene.store, id)
  expect(log.filter(({ text }) => text.startsWith('Cancelled'))).toHaveLength(1)
})

test('a router that forgets silent lines does not forget one over which pings go', { timeout: LONG_MS }, async () => {
  const scene = await openScene({ times: { pingIntervalMs: 60_000, deadAfterMs: 60_000 } })
  scene.proxy.toxics = { forgetAfterMs: 2000 }
  await scene.agent.register(talkative())
  const before = scene.proxy.connections()
  const since = performance.now()
  // Longer than the router's memory; a ping and its answer are 8 bytes.
  for (let passed = scene.proxy.passed(); performance.now() - since < 2500; passed = scene.proxy.passed())
    while (scene.proxy.passed() === passed) await new Promise((resolve) => setImmediate(resolve))
  expect(scene.proxy.connections()).toBe(before)
  scene.agent.serve()
  const { id } = await launch(scene.store, {})
  await expectWhole(scene, id)
})
