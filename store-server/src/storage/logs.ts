import { constants, type FileHandle, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Disk, writeAll } from './disk.ts'
import { errnoOf, withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import {
  corruptLog,
  countRecord,
  decodeLine,
  encodeLine,
  INDEX_STEP,
  isSeal,
  type LogState,
  linesOf,
  SEAL,
  scanLog,
} from './logfile.ts'
import { assertName, recordText } from './names.ts'
import { createQueues, createSlots } from './queue.ts'
import type { Logs } from './storage.ts'

// Each flush holds one of libuv's 4 threads while the disk works, so that two at a time leave room for everything else. While a log
// waits for its turn its records gather, and one fdatasync then serves them all: the group grows with the load.
const FLUSHES_AT_ONCE = 2

interface Batch {
  readonly lines: string[]
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
  const submit = (name: string): Batch => {
    const batch: Batch = { lines: [], done: disk.run(() => inOrder(name, () => inSlot(flush))) }
    const flush = async (): Promise<number> => {
      if (gathering.get(name) === batch) gathering.delete(name)
      return appendLines(disk, pathOf(name), name, await load(name), batch.lines)
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

const openOrNull = async (path: string, flags: 'r' | 'r+'): Promise<FileHandle | null> => {
  try {
    return await open(path, flags)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
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

async function readRecords(path: string, name: string, state: LogState, after: number, limit: number) {
  const { count, sizeBytes, index } = state
  const found: { number: number; record: unknown }[] = []
  const last = Math.min(count, after + limit)
  const step = Math.floor(after / INDEX_STEP)
  const start = index[step]
  if (after >= last || start === undefined) return found
  const handle = await openOrNull(path, 'r')
  if (handle === null) return found
  try {
    let number = step * INDEX_STEP
    for await (const lines of linesOf(handle, start, sizeBytes)) {
      for (const { bytes, offset } of lines) {
        if (isSeal(bytes)) continue
        if (++number <= after) continue
        const json = decodeLine(bytes)
        if (json === null) throw corruptLog(name, number - 1, offset)
        found.push({ number, record: JSON.parse(json.toString()) })
        if (number === last) return found
      }
    }
    throw corruptLog(name, number, sizeBytes)
  } finally {
    await handle.close()
  }
}
