import { join } from 'node:path'
import type { Disk } from './disk.ts'
import { type LogState, readRecords } from './logfile.ts'
import { appendTexts, loadLog } from './logwriting.ts'
import { JOURNALS } from './names.ts'
import { StorageError } from './storage.ts'

/**
 * With this much in one file, appends go on in the other one, and what the first holds moves to where it belongs. It waits in memory
 * as well. A thousand logs take a thousand fdatasyncs then: every 14 seconds at 10,000 lines a second.
 */
const FULL_BYTES = 32 * 1024 * 1024
const PAGE_RECORDS = 1000

/** Records of one log, as JSON. `first` is the number of the first one. */
export interface Entry {
  readonly name: string
  readonly first: number
  readonly texts: readonly string[]
}

/**
 * Makes records of many logs durable with one fdatasync: a thousand logs have a thousand files, and syncing each of them takes
 * seconds. Two files in the format of a log; one is written while the other is emptied.
 */
export interface Journal {
  /** Throws StorageError E_NO_SPACE or E_WRITE, and then nothing of `entries` is kept. */
  append(entries: readonly Entry[]): Promise<void>
  /** What a process that was killed left behind, oldest first within each log. Throws StorageError E_CORRUPT. */
  recover(): Promise<Entry[]>
  /** When a file is full: empties it after `move` has put all that was appended so far into the logs' own files. */
  turn(move: () => Promise<void>): Promise<void>
  /** The same for whatever there is. Nothing may be appended meanwhile. */
  empty(move: () => Promise<void>): Promise<void>
}

interface File {
  readonly name: string
  readonly path: string
  state: LogState
}

const emptyState = (): LogState => ({ count: 0, sizeBytes: 0, index: [] })

function entryFrom(name: string, record: unknown): Entry {
  const entry: Readonly<Record<string, unknown>> = Object(record)
  if (typeof entry.name !== 'string' || typeof entry.first !== 'number' || !Array.isArray(entry.records))
    throw new StorageError('E_CORRUPT', name, 'records of a log', JSON.stringify(record).slice(0, 80))
  return { name: entry.name, first: entry.first, texts: entry.records.map((value) => JSON.stringify(value)) }
}

async function recoverFile(disk: Disk, file: File): Promise<Entry[]> {
  file.state = await loadLog(disk, file.path, file.name)
  const entries: Entry[] = []
  for (let after = 0; after < file.state.count; after += PAGE_RECORDS) {
    const page = await readRecords(file.path, file.name, file.state, after, PAGE_RECORDS)
    entries.push(...page.map(({ record }) => entryFrom(file.name, record)))
  }
  return entries
}

const textOf = ({ name, first, texts }: Entry): string =>
  `{"name":${JSON.stringify(name)},"first":${first},"records":[${texts.join(',')}]}`

export function createJournal(root: string, disk: Disk): Journal {
  const open = (name: string): File => ({ name, path: join(root, `${name}.log`), state: emptyState() })
  let [active, other] = [open(JOURNALS[0]), open(JOURNALS[1])]
  /** Size of the active file from which on it counts as full. */
  let fullBytes = FULL_BYTES
  let turning: Promise<void> | null = null

  const clear = async (file: File): Promise<void> => {
    if (file.state.count === 0) return
    await disk.remove(file.path)
    file.state = emptyState()
  }
  const turn = async (move: () => Promise<void>): Promise<void> => {
    if (other.state.count === 0) [active, other] = [other, active]
    // When the disk is too full to move anything, the next try is worth it after as much again.
    fullBytes = active.state.sizeBytes + FULL_BYTES
    await move()
    await clear(other)
    fullBytes = FULL_BYTES
  }
  return {
    append: (entries) => appendTexts(disk, active.path, active.name, active.state, entries.map(textOf)),
    async recover() {
      const found = [...(await recoverFile(disk, active)), ...(await recoverFile(disk, other))]
      return found.sort((a, b) => a.first - b.first)
    },
    turn(move) {
      if (turning !== null || active.state.sizeBytes < fullBytes) return Promise.resolve()
      turning = turn(move).finally(() => {
        turning = null
      })
      return turning
    },
    async empty(move) {
      await turning?.catch(() => {})
      if (active.state.count + other.state.count === 0) return
      await move()
      await clear(active)
      await clear(other)
    },
  }
}
