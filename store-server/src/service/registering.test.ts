import { expect, test } from 'vitest'
import { DEFAULT_TIMES } from '../options.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { call, fakeAgent, logRecord } from '../testing/fakeAgent.ts'
import { startTestStore } from '../testing/testStore.ts'
import { openStore } from './open.ts'
import { sweepGone } from './registering.ts'

const HOUR_MS = 60 * 60 * 1000
const START_MS = Date.UTC(2026, 0, 2)

test('a notebook that trained on while the store was away has a day to come back, from the store’s start', async () => {
  const storage = createMemoryStorage()
  const clock = { nowMs: START_MS, monotonicMs: 0 }
  const world = {
    nowMs: () => clock.nowMs,
    monotonicMs: () => clock.monotonicMs,
    chance: () => 0,
    newId: () => `id${clock.nowMs}`,
    report: () => {},
  }
  const before = await startTestStore({ storage, world })
  const agent = await fakeAgent(before)
  await agent.join('pets')
  await call(before, 'POST', '/api/jobs', { notebook: 'pets' })
  const run = await agent.next('run')
  clock.nowMs += HOUR_MS
  await agent.answer(agent.records(run, 1, [logRecord('still here')]))
  await before.close()

  // A weekend later. The machine was started anew, and its monotonic clock with it.
  clock.nowMs += 60 * HOUR_MS
  const store = await openStore({ storage, world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  const notebook = () => store.notebooks.get('pets')?.notebook
  const trial = () => store.jobs.get(run.job)?.job.trials[0]?.state
  expect(notebook()).toMatchObject({ state: 'unreachable', since: new Date(START_MS + HOUR_MS).toISOString() })
  clock.monotonicMs = 23 * HOUR_MS
  await sweepGone(store)
  expect([notebook()?.state, trial()]).toEqual(['unreachable', 'running'])
  clock.monotonicMs = 24 * HOUR_MS
  await sweepGone(store)
  expect([notebook()?.state, trial()]).toEqual(['gone', 'waiting'])
})
