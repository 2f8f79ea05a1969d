// A power cut in the midst of a whole store's work: kernels, a person, and what they were told.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFinal, type Job } from '@pawprint/protocol'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { startStore } from '../../store-server/src/startStore.ts'
import { call } from '../../store-server/src/testing/fakeAgent.ts'
import { collect } from '../collect.ts'
import type { Entry, History } from '../history.ts'
import { problemsOf } from '../invariants.ts'
import { createOperator } from '../operator.ts'
import { createRandom, type Random, sizeOf, withSeed } from '../random.ts'
import { createTrainee } from '../trainee.ts'
import { lookOn } from './interposed.ts'
import { createJournal, type Journal } from './journal.ts'
import { restore } from './survivors.ts'

vi.mock('node:fs/promises', async (importReal) => {
  const { interpose } = await import('./interposed.ts')
  return interpose(await importReal())
})
afterEach(() => lookOn(null))

const CUTS = sizeOf({ short: 6, suite: 60, long: 2000 })
const FIRST_CUTS = sizeOf({ short: 10, suite: 200, long: 1000 })
const NAMES = ['left', 'right']
/** A life in which less was acknowledged has little to lose. */
const MIN_ACKED = 11

interface Life {
  readonly journal: Journal
  readonly history: History
  /** How many operations there were when an act was acknowledged. */
  readonly ackedAt: ReadonlyMap<Entry, number>
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-storecut-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function oneLife(base: string, random: Random): Promise<Life> {
  await mkdir(base)
  const journal = createJournal(base)
  lookOn({ root: base, journal })
  const store = await startStore({ dataDir: join(base, 'data'), port: 0 })
  const history: History = []
  const ackedAt = new Map<Entry, number>()
  const onAck = (): void => {
    for (const entry of history)
      if (entry.outcome === 'ok' && !ackedAt.has(entry)) ackedAt.set(entry, journal.ops.length)
  }
  const settings = { random, history, onAck }
  const lives = NAMES.map((name) => createTrainee({ ...settings, name }).live(store))
  const operator = createOperator({ ...settings, notebooks: NAMES })
  // Kernels that come late are asked for nothing at first.
  while (ackedAt.size < MIN_ACKED) await operator.live(store, 15)
  for (let isOver = false; !isOver; ) {
    const { items }: { items: Job[] } = (await call(store, 'GET', '/api/jobs')).json
    isOver = items.every(({ state }) => isFinal(state))
  }
  await store.close()
  await Promise.all(lives)
  lookOn(null)
  return { journal, history, ackedAt }
}

/** What clients knew at a cut: what was acknowledged later was not acknowledged. */
const known = ({ history, ackedAt }: Life, count: number): History =>
  history.map((entry) => ({
    act: entry.act,
    outcome:
      entry.outcome === 'ok' && (ackedAt.get(entry) ?? Number.POSITIVE_INFINITY) > count ? 'unknown' : entry.outcome,
  }))

async function cut(life: Life, count: number, random: Random, base: string): Promise<string[]> {
  const share = random.pick([0, 0.5, 0.9, 1])
  const draw = createRandom(random.int(0, 2 ** 31))
  await restore(life.journal, count, () => draw.chance(share), base)
  const reports: string[] = []
  const dataDir = join(base, 'data')
  const store = await startStore({ dataDir, port: 0, world: { report: (line) => reports.push(line) } })
  try {
    const history = known(life, count)
    return [...problemsOf(history, await collect(store, dataDir, history)), ...reports]
  } finally {
    await store.close()
    await rm(base, { recursive: true })
  }
}

test('a first start that is cut off anywhere is followed by one that works', { timeout: 3_600_000 }, () =>
  withSeed(async (random) => {
    const folder = await newFolder()
    const base = join(folder, 'first')
    await mkdir(base)
    const journal = createJournal(base)
    lookOn({ root: base, journal })
    await (await startStore({ dataDir: join(base, 'data'), port: 0 })).close()
    lookOn(null)
    for (let i = 0; i < FIRST_CUTS; i++) {
      const count = random.int(0, journal.ops.length)
      const draw = createRandom(random.int(0, 2 ** 31))
      const share = random.pick([0, 0.5, 1])
      const after = join(folder, 'after')
      await restore(journal, count, () => draw.chance(share), after)
      const start = startStore({ dataDir: join(after, 'data'), port: 0 })
      await expect(start, `cut after ${count} of ${journal.ops.length}`).resolves.toBeDefined()
      await (await start).close()
      await rm(after, { recursive: true })
    }
  }),
)

test(
  'a store comes back from a power cut with all that it acknowledged, and starts by itself',
  { timeout: 3_600_000 },
  () =>
    withSeed(async (random) => {
      const folder = await newFolder()
      const life = await oneLife(join(folder, 'life'), random)
      const total = life.journal.ops.length
      for (let i = 0; i < CUTS; i++) {
        const count = random.int(0, total)
        expect(await cut(life, count, random, join(folder, 'after')), `cut after ${count} of ${total}`).toEqual([])
      }
    }),
)
