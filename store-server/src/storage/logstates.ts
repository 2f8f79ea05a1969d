import type { Disk } from './disk.ts'
import type { Entry } from './journal.ts'
import type { LogState } from './logfile.ts'
import { appendTexts, loadLog } from './logwriting.ts'
import { createQueues, type Slots } from './queue.ts'
import { StorageError } from './storage.ts'

/**
 * The latest records of a log that stay in memory, so that pages that keep up never read the disk; up to a quarter more before the
 * oldest are dropped. A thousand logs of lines hold 15 MB so, and what the journal has beside it.
 */
const RECENT_RECORDS = 64

/** A log: its file, and behind it the records, as JSON, that are durable in the journal only. */
export interface KnownLog {
  readonly name: string
  readonly file: LogState
  /** The last records of the file, as JSON. */
  readonly recent: string[]
  readonly pending: string[]
}

export const countOf = ({ file, pending }: KnownLog): number => file.count + pending.length

/** Puts what the journal has of a log behind what its file has. Records that are in both were moved before a crash. */
function pendingOf(name: string, file: LogState, entries: readonly Entry[]): string[] {
  const pending: string[] = []
  for (const { first, texts } of entries.filter((entry) => entry.name === name)) {
    const known = file.count + pending.length - (first - 1)
    if (known < 0)
      throw new StorageError('E_CORRUPT', name, `record ${first + known}`, `record ${first} in the journal`)
    pending.push(...texts.slice(known))
  }
  return pending
}

function remember({ recent }: KnownLog, texts: readonly string[]): void {
  recent.push(...texts)
  if (recent.length > 1.25 * RECENT_RECORDS) recent.splice(0, recent.length - RECENT_RECORDS)
}

export interface LogStates {
  /** Reads the file when it is first asked for. Throws StorageError E_CORRUPT. */
  load(name: string): Promise<KnownLog>
  /** The log, once it was read. */
  known(name: string): KnownLog | undefined
  /** Counts records that the journal has. */
  keep(log: KnownLog, texts: readonly string[]): void
  /** Puts what is pending and then `texts` into the log's own file. Answers the number of the last record before `texts`. */
  write(name: string, texts: readonly string[]): Promise<number>
  /** Puts all that is pending into the logs' own files. */
  moveAll(): Promise<void>
  /** Drops the records of the file from memory. */
  release(name: string): void
  erase(name: string): Promise<void>
}

/** What is known of each log. `recovered` is what a journal holds, oldest first within each log. */
export function createLogStates(
  disk: Disk,
  pathOf: (name: string) => string,
  inSlot: Slots,
  recovered: readonly Entry[],
): LogStates {
  const inOrder = createQueues()
  const states = new Map<string, Promise<KnownLog>>()
  const logs = new Map<string, KnownLog>()
  let unread = recovered
  const unmoved = new Set(recovered.map(({ name }) => name))

  const load = (name: string): Promise<KnownLog> => {
    const known = states.get(name)
    if (known) return known
    const read = async (): Promise<KnownLog> => {
      const file = await loadLog(disk, pathOf(name), name)
      const log: KnownLog = { name, file, recent: [], pending: pendingOf(name, file, unread) }
      logs.set(name, log)
      return log
    }
    const state = read()
    states.set(name, state)
    // Not for ever: what failed for want of a file handle works later.
    state.catch(() => states.delete(name))
    return state
  }
  const write = (name: string, texts: readonly string[]): Promise<number> =>
    inOrder(name, async () => {
      const log = await load(name)
      const { file, pending } = log
      const before = countOf(log)
      const moved = pending.length
      const all = [...pending, ...texts]
      await appendTexts(disk, pathOf(name), name, file, all, () => {
        pending.splice(0, moved)
        remember(log, all)
      })
      if (pending.length === 0) unmoved.delete(name)
      return before
    })
  return {
    load,
    known: (name) => logs.get(name),
    write,
    keep: ({ name, pending }, texts) => {
      pending.push(...texts)
      unmoved.add(name)
    },
    moveAll: async () => {
      await Promise.all([...unmoved].map((name) => inSlot(() => write(name, []))))
      // The journal is emptied now: what a log that begins anew finds there must not come back.
      unread = []
    },
    release: (name) => logs.get(name)?.recent.splice(0),
    erase: (name) =>
      inOrder(name, async () => {
        // A reader that is at it must not cut a file that begins anew.
        await states.get(name)?.catch(() => null)
        await disk.remove(pathOf(name))
        states.delete(name)
        logs.delete(name)
      }),
  }
}
