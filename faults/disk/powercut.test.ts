// A power cut after each operation of the storage: kill -9 cannot show a missing fsync, for the kernel keeps what it was given.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { openStorage } from '../../store-server/src/storage/embedded.ts'
import { createRandom, type Random, sizeOf, withSeed } from '../random.ts'
import { lookOn } from './interposed.ts'
import { createJournal, type Journal } from './journal.ts'
import { finishUpload, live, lossesOf, nothingTold, type Told } from './story.ts'
import { type Luck, restore } from './survivors.ts'

vi.mock('node:fs/promises', async (importReal) => {
  const { interpose } = await import('./interposed.ts')
  return interpose(await importReal())
})
afterEach(() => lookOn(null))

/** Points at which the power is cut, of some 110. */
const CUTS = sizeOf({ short: 15, suite: 1000, long: 1000 })
/** Kinds of luck that are tried at each of them. */
const DRAWS = sizeOf({ short: 1, suite: 3, long: 50 })

interface Life {
  readonly journal: Journal
  /** What was acknowledged when the journal had so many operations, in order. */
  readonly acks: readonly { readonly ops: number; readonly told: Told }[]
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pawprint-power-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** One life of a storage, with all that it did to the disk. */
async function oneLife(folder: string, forgetsFolders = false): Promise<Life> {
  const base = join(folder, 'life')
  await mkdir(base)
  const journal = createJournal(base)
  const acks: { ops: number; told: Told }[] = []
  lookOn({ root: base, journal, forgetsFolders })
  const storage = await openStorage(join(base, 'data'), { keepFreeBytes: 0 })
  await live(storage, (told) => acks.push({ ops: journal.ops.length, told }))
  await storage.close()
  lookOn(null)
  return { journal, acks }
}

/** What is lost when the power is cut after `count` operations. */
async function cut({ journal, acks }: Life, count: number, luck: Luck, folder: string): Promise<string[]> {
  const base = join(folder, 'after')
  await restore(journal, count, luck, base)
  const told = acks.findLast(({ ops }) => ops <= count)?.told ?? nothingTold()
  const problems: string[] = []
  const storage = await openStorage(join(base, 'data'), {
    keepFreeBytes: 0,
    onCorrupt: (sha1, problem) => problems.push(`${sha1}: ${problem}`),
  })
  try {
    const losses = await lossesOf(storage, told)
    if (losses.length === 0) await finishUpload(storage.blobs, told)
    return losses
  } finally {
    await storage.close()
    await rm(base, { recursive: true })
  }
}

function pointsOf(total: number, random: Random): number[] {
  const all = Array.from({ length: total + 1 }, (_, i) => i)
  return CUTS > total ? all : Array.from({ length: CUTS }, () => random.int(0, total))
}

const lucks = (random: Random): [string, Luck][] => [
  ['nothing', () => false],
  ['all', () => true],
  ...Array.from({ length: DRAWS }, (_, i): [string, Luck] => {
    const draw = createRandom(random.int(0, 2 ** 31))
    return [`draw ${i}`, () => draw.chance(0.5)]
  }),
]

test(
  'whatever lasts of what was not synced, what was acknowledged is there, and the rest is whole or absent',
  { timeout: 600_000 },
  () =>
    withSeed(async (random) => {
      const folder = await newFolder()
      const life = await oneLife(folder)
      const total = life.journal.ops.length
      expect(life.acks.at(-1)?.told).toMatchObject({
        registry: 3,
        notes: 'removed',
        log: 40,
        committed: true,
        second: 'removed',
      })
      for (const count of pointsOf(total, random))
        for (const [kind, luck] of lucks(random))
          expect(await cut(life, count, luck, folder), `cut after ${count} of ${total}, ${kind} lasts`).toEqual([])
    }),
)

test('a storage that forgets to sync its folders is found out', { timeout: 600_000 }, async () => {
  const folder = await newFolder()
  const life = await oneLife(folder, true)
  const lost = await cut(life, life.journal.ops.length, () => false, folder)
  expect(lost).not.toEqual([])
})
