import { constants, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Disk, writeAll } from './disk.ts'
import { withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { countRecord, encodeLine, type LogState, openOrNull, SEAL, scanLog } from './logfile.ts'

/** What the file of a log holds; what a crash tore is cut. Throws StorageError E_CORRUPT. */
export async function loadLog(disk: Disk, path: string, name: string): Promise<LogState> {
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

/**
 * Appends records, given as JSON, and syncs them. `kept` is called in the same turn in which the state counts them. Throws
 * StorageError E_NO_SPACE or E_WRITE, and then the file is as it was.
 */
export async function appendTexts(
  disk: Disk,
  path: string,
  name: string,
  state: LogState,
  texts: readonly string[],
  kept: () => void = () => {},
): Promise<void> {
  if (texts.length === 0) return
  const lines = texts.map(encodeLine)
  const isNew = state.count === 0
  const handle = await disk.openForWriting(path, constants.O_RDWR | constants.O_CREAT)
  try {
    try {
      failpoint('log.write')
      await writeAll(handle, Buffer.from(lines.join('')), state.sizeBytes)
      failpoint('log.beforeSync')
    } catch (error) {
      await cut(disk, handle, name, state.sizeBytes)
      throw withNoSpace(error, name)
    }
    await disk.syncData(handle, name)
    if (isNew) await disk.syncFolder(dirname(path))
    failpoint('log.afterSync')
    for (const line of lines) {
      countRecord(state, state.sizeBytes)
      state.sizeBytes += Buffer.byteLength(line)
    }
    kept()
    await seal(handle, state)
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
