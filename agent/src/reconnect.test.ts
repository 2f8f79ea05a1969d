import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal, type LogLine } from '@pawprint/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { type RunningStore, startStore } from '../../store-server/src/index.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launch, logOf } from './testing/api.ts'
import { startProxy } from './testing/proxy.ts'

const own = (lines: readonly LogLine[]): string[] =>
  lines.map(({ text }) => text).filter((text) => text.startsWith('trial 1: line '))
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `trial 1: line ${i + 1}`)

test('lines that were logged while the line was cut again and again arrive once, in order', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const { agent } = openTestAgent(store, proxy.url)
  let line = 0
  await agent.register(
    brightNotebook(async (trial) => {
      for (let i = 0; i < 300; i++) {
        trial.log(`trial 1: line ${++line}`)
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      proxy.cut()
    }),
  )
  agent.serve()
  const page = await openTestPage(store)
  const { id } = await launch(store, { EPOCHS: 10 })
  const { job } = await page.next('job', ({ job }) => job.id === id && isFinal(job.state))
  expect(job.state).toBe('done')
  expect(job.trials[0]?.attempt).toBe(1)
  const lines = await logOf(store, id)
  expect(own(lines)).toEqual(numbered(3000))
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
})

test('an agent that is cut off trains to the end and delivers when the line is back', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const { agent, events } = openTestAgent(store, proxy.url)
  let trained: () => void
  const isTrained = new Promise<void>((resolve) => {
    trained = resolve
  })
  const notebook = brightNotebook()
  await agent.register({
    ...notebook,
    async train(trial, ...rest) {
      proxy.close()
      trial.log('trial 1: line 1')
      const evaluation = await notebook.train(trial, ...rest)
      trained()
      return evaluation
    },
  })
  agent.serve()
  const page = await openTestPage(store)
  const { id } = await launch(store, { EPOCHS: 3 })
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  await isTrained
  proxy.open()
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  expect(job.trials[0]).toMatchObject({ attempt: 1, sha1: expect.any(String) })
  expect(own(await logOf(store, id))).toEqual(numbered(1))
  expect(events.map((event) => (event.type === 'notice' ? event.text : ''))).toContain('connected to the store again')
})

test('a store that is restarted in the midst of a job loses nothing of it', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pawprint-agent-'))
  let store: RunningStore = await startStore({ dataDir, port: 0 })
  const { port } = store
  onTestFinished(async () => {
    await store.close()
    await rm(dataDir, { recursive: true })
  })
  const { agent } = openTestAgent(store)
  let line = 0
  await agent.register(
    brightNotebook(async (trial) => {
      for (let i = 0; i < 100; i++) trial.log(`trial 1: line ${++line}`)
      if (line !== 300) return
      await store.close()
      for (let i = 0; i < 100; i++) trial.log(`trial 1: line ${++line}`)
      store = await startStore({ dataDir, port })
    }),
  )
  agent.serve()
  const { id } = await launch(store, { EPOCHS: 5 })
  while (line < 600) await new Promise((resolve) => setImmediate(resolve))
  const page = await openTestPage(store)
  const now = await call<{ state: string }>(store, 'GET', `/api/jobs/${id}`)
  if (now.state !== 'done') await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  const lines = await logOf(store, id)
  expect(own(lines)).toEqual(numbered(600))
  expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, i) => i + 1))
})

test('a new kernel whose predecessor is dead takes its name and job over at once', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host] })
  port = store.port
  const first = openTestAgent(store, proxy.url)
  const page = await openTestPage(store)
  await first.agent.register(brightNotebook(() => new Promise(() => undefined)))
  first.agent.serve()
  const { id } = await launch(store, {})
  await page.next('trial', ({ trial }) => trial.progress > 0)
  proxy.close()
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  // The store's lease of 60 s has not run out: only a dead process gives its name up now.
  const second = openTestAgent(store, store.url, { isAlive: () => false })
  await second.agent.register(brightNotebook())
  second.agent.serve()
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  expect(second.agent.name).toBe('bright')
  expect(job.trials[0]?.attempt).toBe(2)
})

test('a kernel that comes back after another took over gives its trial up and gets a suffix', async () => {
  let port = 0
  const proxy = await startProxy(() => port)
  const store = await startTestStore({ allowedHosts: [proxy.host], times: { leaseMs: 1 } })
  port = store.port
  const first = openTestAgent(store, proxy.url)
  const page = await openTestPage(store)
  await first.agent.register(brightNotebook(() => new Promise(() => undefined)))
  first.agent.serve()
  const { id } = await launch(store, {})
  await page.next('trial', ({ trial }) => trial.progress > 0)
  proxy.close()
  await page.next('notebook', ({ notebook }) => notebook.state === 'unreachable')
  const second = openTestAgent(store)
  await second.agent.register(brightNotebook())
  proxy.open()
  await page.next('notebook', ({ notebook }) => notebook.name === 'bright-2')
  second.agent.serve()
  const { job } = await page.next('job', ({ job }) => job.id === id && job.state === 'done')
  expect(job.trials[0]?.attempt).toBe(2)
  expect(first.agent.name).toBe('bright-2')
  expect(first.events).toContainEqual(expect.objectContaining({ type: 'ended', text: 'trial 1: given up' }))
})
