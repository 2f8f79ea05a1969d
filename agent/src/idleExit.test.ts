import type { Notebook } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { drawTokens } from '../../store-server/src/service/token.ts'
import { createMemoryStorage } from '../../store-server/src/storage/memory.ts'
import { openTestPage, startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launch } from './testing/api.ts'
import type { World } from './world.ts'

const ROUND_MS = 1_800_000

/** What is left of the countdown by the store's clock, which is this machine's. */
const leftMsOf = (notebook: Notebook | undefined): number => Date.parse(notebook?.exit?.at ?? '') - Date.now()

/** Timers that only the test lets go off. */
function createAlarms() {
  const set = new Set<() => void>()
  const later: World['later'] = (run) => {
    set.add(run)
    return () => set.delete(run)
  }
  return {
    later,
    count: () => set.size,
    goOff() {
      for (const run of [...set]) if (set.delete(run)) run()
    },
  }
}

test('an idle notebook counts down, a job interrupts that, and at its end it says goodbye with all delivered', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const alarms = createAlarms()
  let onServing: World['onServing'] = () => undefined
  const closed = new Promise<string | undefined>((resolve) => {
    onServing = (state, error) => {
      if (state === 'closed') resolve(error?.code)
    }
  })
  const { agent, events } = openTestAgent(store, store.url, { later: alarms.later, onServing })
  await agent.register(brightNotebook())
  agent.serve({ exitAfterIdle: '30m' })
  const { notebook } = await page.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  expect(notebook).toMatchObject({ state: 'idle', exit: { afterMs: ROUND_MS } })
  expect(leftMsOf(notebook)).toBeGreaterThan(ROUND_MS - 120_000)
  expect(leftMsOf(notebook)).toBeLessThanOrEqual(ROUND_MS)

  await launch(store, { LEARNING_RATE: [0.1, 0.2] })
  await page.next('notebook', ({ notebook }) => notebook.state === 'busy' && notebook.exit === undefined)
  expect(alarms.count()).toBe(0)
  const { job } = await page.next('job', ({ job }) => job.state === 'done')
  await page.next('notebook', ({ notebook }) => notebook.state === 'idle' && notebook.exit !== undefined)
  alarms.goOff()
  const gone = await page.next('notebook', ({ notebook }) => notebook.state === 'gone')
  expect(gone.notebook.exit).toBeUndefined()
  expect(await closed).toBe('E_CLOSED')
  expect(job.trials.map(({ state }) => state)).toEqual(['done', 'done'])
  expect(events.at(-1)).toEqual({ type: 'notice', text: 'no trial for 30 min: goodbye' })
})

test('Keep on the page begins the round anew', async () => {
  const store = await startTestStore()
  const page = await openTestPage(store)
  const alarms = createAlarms()
  let nowMs = 0
  const { agent } = openTestAgent(store, store.url, { later: alarms.later, nowMs: () => nowMs })
  await agent.register(brightNotebook())
  agent.serve({ exitAfterIdle: '1h' })
  await page.next('notebook', ({ notebook }) => leftMsOf(notebook) > 0)
  // The clock of the agent goes on; that of the store, which stands for the page's, does so by itself.
  nowMs = 3_000_000
  await agent.register(brightNotebook())
  await page.next('notebook', ({ notebook }) => leftMsOf(notebook) > 0 && leftMsOf(notebook) <= 600_000)
  await call(store, 'POST', '/api/notebooks/bright/keep')
  await page.next('notebook', ({ notebook }) => leftMsOf(notebook) > 3_000_000)
  expect(alarms.count()).toBe(1)
})

test('after a restart of the store what is left of the countdown is told again', async () => {
  const [storage, tokens] = [createMemoryStorage(), drawTokens()]
  const first = await startTestStore({ storage, tokens })
  const { port } = first
  const alarms = createAlarms()
  let nowMs = 0
  const { agent } = openTestAgent(first, first.url, { later: alarms.later, nowMs: () => nowMs })
  await agent.register(brightNotebook())
  const before = await openTestPage(first)
  agent.serve({ exitAfterIdle: '1h' })
  await before.next('notebook', ({ notebook }) => notebook.exit !== undefined)
  await first.close()
  nowMs = 3_000_000
  const page = await openTestPage(await startTestStore({ storage, port, tokens }))
  const { notebooks } = await page.next('snapshot')
  const isBack = (notebook: Notebook | undefined) => notebook?.exit !== undefined
  const notebook = isBack(notebooks[0])
    ? notebooks[0]
    : (await page.next('notebook', (m) => isBack(m.notebook))).notebook
  expect(leftMsOf(notebook)).toBeGreaterThan(480_000)
  expect(leftMsOf(notebook)).toBeLessThanOrEqual(600_000)
  expect(alarms.count()).toBe(1)
})

test('without the option nothing counts down, and a wrong one is refused before it serves', async () => {
  const store = await startTestStore()
  const alarms = createAlarms()
  const { agent, events } = openTestAgent(store, store.url, { later: alarms.later, exitAfterIdle: 'soon' })
  await agent.register(brightNotebook())
  expect(() => agent.serve()).toThrow(expect.objectContaining({ code: 'E_OPTION', at: 'PAWPRINT_EXIT_AFTER_IDLE' }))
  expect(events).toEqual([])
  expect(alarms.count()).toBe(0)
})
