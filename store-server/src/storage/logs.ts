import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { createJournal, type Journal } from './journal.ts'
import { readRecords } from './logfile.ts'
import { countOf, createLogStates, type KnownLog, type LogStates } from './logstates.ts'
import { assertName, recordText } from './names.ts'
import { createSlots } from './queue.ts'
import { type Batch, createRounds, type Round } from './rounds.ts'
import { type Logs, StorageError } from './storage.ts'

// Each flush holds one of libuv's 4 threads while the disk works, so that two at a time leave room for everything else.
const FLUSHES_AT_ONCE = 2
/** Files of logs that are read at one time when many logs are written for the first time. */
const READS_AT_ONCE = 8
/** Logs that are flushed each into its own file; when more wait, one write to the journal serves them all. */
const FEW_LOGS = 4

export interface EmbeddedLogs extends Logs {
  /** Empties the journal, so that each log is in its own file. Throws StorageError E_NO_SPACE: then the journal stays. */
  settle(): Promise<void>
}

/**
 * Logs as files of `root`: `jobs/V1StGXR8/log` is `jobs/V1StGXR8/log.log`. A file is open only while it is worked on. Throws
 * StorageError E_CORRUPT when the journal, or a log that it continues, is damaged.
 */
export async function openLogs(root: string, disk: Disk): Promise<EmbeddedLogs> {
  const pathOf = (name: string): string => {
    assertName(name)
    return join(root, `${name}.log`)
  }
  const journal = createJournal(root, disk)
  const inSlot = createSlots(FLUSHES_AT_ONCE)
  const states = createLogStates(disk, pathOf, inSlot, await journal.recover())
  const rounds = createRounds(disk, async (round) => {
    if (round.size <= FEW_LOGS)
      await Promise.all([...round].map(([name, batch]) => inSlot(() => flush(states, name, batch))))
    else await flushTogether(journal, states, round)
    // In the background. What is in the journal is durable, and stays there when this fails.
    disk.run(() => journal.turn(states.moveAll)).catch(() => {})
  })
  const settle = (): Promise<void> => journal.empty(states.moveAll)
  await settle().catch(fullDiskIsNoMatter)
  return {
    append: async (name, records) => {
      assertName(name)
      disk.assertWritable()
      return rounds.add(
        name,
        records.map((record) => recordText(name, record)),
      )
    },
    read: async (name, after, limit) => readLog(pathOf(name), await states.load(name), after, limit),
    count: async (name) => {
      assertName(name)
      return countOf(await states.load(name))
    },
    release: (name) => states.release(name),
    remove: async (name) => {
      assertName(name)
      await rounds.between(async () => {
        await settle()
        await states.erase(name)
      })
    },
    settle: () => rounds.between(settle),
  }
}

/** What could not be moved to its own file yet is read from the journal. */
function fullDiskIsNoMatter(error: unknown): void {
  if (!(error instanceof StorageError) || error.code !== 'E_NO_SPACE') throw error
}

async function flush(states: LogStates, name: string, { texts, resolve, reject }: Batch): Promise<void> {
  await states.write(name, texts).then(resolve, reject)
}

async function flushTogether(journal: Journal, states: LogStates, round: Round): Promise<void> {
  await loadNew(states, round)
  const ready = [...round].flatMap(([name, batch]) => {
    const log = states.known(name)
    return log ? { batch, log } : []
  })
  try {
    await journal.append(
      ready.map(({ log, batch }) => ({ name: log.name, first: countOf(log) + 1, texts: batch.texts })),
    )
  } catch (error) {
    for (const { batch } of ready) batch.reject(error)
    return
  }
  for (const { log, batch } of ready) {
    batch.resolve(countOf(log))
    states.keep(log, batch.texts)
  }
}

/** Reads the logs of a round that are written for the first time. What cannot be read is told to whoever writes it. */
async function loadNew(states: LogStates, round: Round): Promise<void> {
  const inSlot = createSlots(READS_AT_ONCE)
  const fresh = [...round].filter(([name]) => states.known(name) === undefined)
  await Promise.all(fresh.map(([name, { reject }]) => inSlot(() => states.load(name)).catch(reject)))
}

async function readLog(path: string, { name, file, recent, pending }: KnownLog, after: number, limit: number) {
  const first = file.count - recent.length
  const from = Math.max(0, after - first)
  const to = Math.max(0, after + limit - first)
  // Taken before the file is read: meanwhile there may be more in it, and less in memory.
  const texts = [
    ...recent.slice(from, to),
    ...pending.slice(Math.max(0, from - recent.length), Math.max(0, to - recent.length)),
  ]
  const found = after < first ? await readRecords(path, name, file, after, Math.min(limit, first - after)) : []
  return [...found, ...texts.map((text, i) => ({ number: first + from + i + 1, record: JSON.parse(text) as unknown }))]
}
