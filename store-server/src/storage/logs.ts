import { constants, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Disk, writeAll } from './disk.ts'
import { withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { countRecord, encodeLine, type LogState, openOrNull, readRecords, SEAL, scanLog } from './logfile.ts'
import { assertName, recordText } from './names.ts'
import { createQueues, createSlots } from './queue.ts'
import type { Logs } from './storage.ts'

// Each flush holds one of libuv's 4 threads while the disk works, so that two at a time leave room for everything else. While a log
// waits for its turn its records gather, and one fdatasync then serves them all: the group grows with the load.
const FLUSHES_AT_ONCE = 2

interface Batch {
  readonly lines: string[]
  /** Why the batch before it was not kept. */
  spoiled: unknown
  /** Number of the last record before the batch, once it is durable. */
  readonly done: Promise<number>
}

/** What is known of each log, read from its file when it is first asked for. */
function createStates(disk: Disk, pathOf: (name: string) => string) {
  const states = new Map<string, Promise<LogState>>()
  const load = (name: string): Promise<LogState> => {
    const known = states.get(name)
    if (known) return known
    const state = loadLog(disk, pathOf(name), name)
    states.set(name, state)
    // Not for ever: what failed for want of a file handle works later.
    state.catch(() => states.delete(name))
    return state
  }
  const erase = async (name: string): Promise<void> => {
    // A reader that is at it must not cut a file that begins anew.
    await states.get(name)?.catch(() => null)
    await disk.remove(pathOf(name))
    states.delete(name)
  }
  return { load, erase }
}

/** Logs as files of `root`: `jobs/V1StGXR8/log` is `jobs/V1StGXR8/log.log`. A file is open only while it is worked on. */
export function createLogs(root: string, disk: Disk): Logs {
  const inOrder = createQueues()
  const inSlot = createSlots(FLUSHES_AT_ONCE)
  const gathering = new Map<string, Batch>()
  const pathOf = (name: string): string => {
    assertName(name)
    return join(root, `${name}.log`)
  }
  const { load, erase } = createStates(disk, pathOf)
  /** What gathered behind a batch that was not kept continues it, and must not be kept without it even if it fits the disk. */
  const spoilNext = (name: string, error: unknown): void => {
    const next = gathering.get(name)
    if (next) next.spoiled = error
    gathering.delete(name)
  }
  const submit = (name: string): Batch => {
    const batch: Batch = { lines: [], spoiled: null, done: disk.run(() => inOrder(name, () => inSlot(flush))) }
    const flush = async (): Promise<number> => {
      if (gathering.get(name) === batch) gathering.delete(name)
      if (batch.spoiled !== null) throw batch.spoiled
      try {
        return await appendLines(disk, pathOf(name), name, await load(name), batch.lines)
      } catch (error) {
        spoilNext(name, error)
        throw error
      }
    }
    gathering.set(name, batch)
    return batch
  }
  return {
    append: async (name, records) => {
      assertName(name)
      disk.assertWritable()
      const lines = records.map((record) => encodeLine(recordText(name, record)))
      const batch = gathering.get(name) ?? submit(name)
      const place = lines.reduce((_, line) => batch.lines.push(line), batch.lines.length)
      return (await batch.done) + place
    },
    read: async (name, after, limit) => readRecords(pathOf(name), name, await load(name), after, limit),
    count: async (name) => {
      assertName(name)
      return (await load(name)).count
    },
    remove: async (name) => {
      assertName(name)
      // Records appended from here on belong to a new log.
      gathering.delete(name)
      await disk.run(() => inOrder(name, () => erase(name)))
    },
  }
}

async function loadLog(disk: Disk, path: string, name: string): Promise<LogState> {
  const handle = await openOrNull(path, 'r+')
  if (handle === null) return { count: 0, sizeBytes: 0, index: [] }
  try {
    const state = await scanLog(handle, name)
    if ((await handle.stat()).size > state.sizeBytes) await handle.truncate(state.sizeBytes)
    // What a killed process wrote and never synced is in the file, so it is served: it must not vanish in a power cut later.
    await disk.sync(handle, name)
    return state
  } finally {
    await handle.close()
  }
}

async function appendLines(
  disk: Disk,
  path: string,
  name: string,
  state: LogState,
  lines: readonly string[],
): Promise<number> {
  const before = state.count
  if (lines.length === 0) return before
  const bytes = Buffer.from(lines.join(''))
  const handle = await disk.openForWriting(path, constants.O_RDWR | constants.O_CREAT)
  try {
    try {
      failpoint('log.write')
      await writeAll(handle, bytes, state.sizeBytes)
      failpoint('log.beforeSync')
    } catch (error) {
      await cut(disk, handle, name, state.sizeBytes)
      throw withNoSpace(error, name)
    }
    await disk.syncData(handle, name)
    if (before === 0) await disk.syncFolder(dirname(path))
    failpoint('log.afterSync')
    for (const line of lines) {
      countRecord(state, state.sizeBytes)
      state.sizeBytes += Buffer.byteLength(line)
    }
    await seal(handle, state)
    return before
  } finally {
    await handle.close()
  }
}

/** Takes back a batch that was written in part, so that no reader finds half of it after a restart. */
async function cut(disk: Disk, handle: FileHandle, name: string, sizeBytes: number): Promise<void> {
  try {
    await handle.truncate(sizeBytes)
  } catch (error) {
    throw disk.fail(name, error)
  }
}

async function seal(handle: FileHandle, state: LogState): Promise<void> {
  try {
    await writeAll(handle, SEAL, state.sizeBytes)
    state.sizeBytes += SEAL.length
  } catch {
    // The records are durable without it; the next batch is written over what there may be of it.
  }
}
