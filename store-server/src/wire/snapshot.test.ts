import { expect, test } from 'vitest'
import type { JobRecord } from '../core/records.ts'
import { createJob } from '../core/trials.ts'
import { DEFAULT_TIMES } from '../options.ts'
import { openStore } from '../service/open.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { TEST_TIME } from '../testing/fakeAgent.ts'
import { snapshotOf } from './snapshot.ts'

const world = { nowMs: () => 0, monotonicMs: () => 0, chance: () => 0, newId: () => 'id', report: () => {} }

const jobOf = (number: number, trials: number): JobRecord =>
  createJob({
    id: `j${number}`,
    number,
    notebook: 'pets',
    task: 'pets',
    seed: 1,
    config: {},
    createdAt: TEST_TIME,
    requestId: null,
    rank: number,
    grid: Array.from({ length: trials }, (_, i) => ({ NUM_FILTERS: i })),
  })

/** Numbers of the jobs in the snapshot of a store whose jobs have this many trials, oldest first. */
async function shownOf(...trials: number[]): Promise<number[]> {
  const storage = createMemoryStorage()
  const store = await openStore({ storage, world, times: DEFAULT_TIMES, writeCurrent: async () => {} })
  for (const [i, count] of trials.entries()) store.jobs.set(`j${i + 1}`, jobOf(i + 1, count))
  const { jobs, totals } = snapshotOf(store)
  expect(totals.jobs).toBe(trials.length)
  return jobs.map(({ number }) => number)
}

test('a snapshot holds the newest jobs: at most 50, at most 10,000 trials together, at least one', async () => {
  expect(await shownOf(1, 1, 1)).toEqual([3, 2, 1])
  expect(await shownOf(...Array.from({ length: 60 }, () => 1))).toEqual(Array.from({ length: 50 }, (_, i) => 60 - i))
  expect(await shownOf(5000, 5000, 5000)).toEqual([3, 2])
  expect(await shownOf(1, 10_000)).toEqual([2])
  expect(await shownOf(1, 9_999, 10_000)).toEqual([3])
})
