import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { removeEmptyFolders } from './emptyfolders.ts'
import { errnoOf, withNoSpace } from './errno.ts'
import { failpoint } from './failpoint.ts'
import { createQueues } from './queue.ts'
import { StorageError } from './storage.ts'

export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/**
 * All that makes bytes durable. After one failed fsync nothing is written any more: the kernel has dropped the pages it could
 * not write, so a second fsync would report success for data that is gone (https://wiki.postgresql.org/wiki/Fsync_Errors).
 */
export interface Disk {
  /** Throws StorageError E_WRITE after a failed fsync or after close. */
  assertWritable(): void
  /** Runs a change; close waits for it. Throws as assertWritable does. */
  run<T>(change: () => Promise<T>): Promise<T>
  /** fsync; `at` names what is written. Throws StorageError E_WRITE. */
  sync(handle: FileHandle, at: string): Promise<void>
  /** fdatasync: as sync, but for the times of the file. */
  syncData(handle: FileHandle, at: string): Promise<void>
  syncFolder(folder: string): Promise<void>
  /** Opens for reading and writing, made with its folders if need be. The caller syncs the folder of a new file. */
  openForWriting(path: string, flags: number | 'wx'): Promise<FileHandle>
  makeFolder(folder: string): Promise<void>
  /** Atomic and durable. `kind` names the failpoints on the way; `at` what is written. Throws E_NO_SPACE, E_WRITE. */
  replace(path: string, text: string, kind: string, at: string): Promise<void>
  /** Durable; harmless when there is no such file. */
  remove(path: string): Promise<void>
  /** Stops everything after an error that leaves a file in an unknown state; answers what to throw. */
  fail(at: string, cause: unknown): StorageError
  /** Refuses new changes and waits for those under way. */
  close(): Promise<void>
}

/** Writes all of `bytes` at `position`; tells `written` after each part, since a full disk takes a part before it refuses. */
export async function writeAll(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
  written: (sizeBytes: number) => void = () => {},
): Promise<void> {
  let done = 0
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
    written(bytesWritten)
  }
}

interface Health {
  assert(at: string): void
  fail(at: string, cause: unknown): StorageError
  sync(method: 'sync' | 'datasync', handle: FileHandle, at: string): Promise<void>
}

const refusal = (at: string, got: string, cause?: unknown): StorageError =>
  new StorageError('E_WRITE', at, 'a disk that keeps what it is given', got, { cause })

function createHealth(): Health {
  let failure: { got: string; cause: unknown } | null = null
  const assert = (at: string): void => {
    if (failure !== null) throw refusal(at, failure.got, failure.cause)
  }
  const fail = (at: string, cause: unknown): StorageError => {
    failure ??= { got: `${errnoOf(cause)}; nothing is written until a restart`, cause }
    return refusal(at, failure.got, failure.cause)
  }
  const sync = async (method: 'sync' | 'datasync', handle: FileHandle, at: string): Promise<void> => {
    assert(at)
    try {
      failpoint('fsync')
      await handle[method]()
    } catch (error) {
      throw fail(at, error)
    }
  }
  return { assert, fail, sync }
}

type Folders = Pick<Disk, 'syncFolder' | 'makeFolder' | 'openForWriting'>

function createFolders(health: Health): Folders {
  const making = new Set<Promise<void>>()
  const syncOne = async (folder: string): Promise<void> => {
    const handle = await open(folder, 'r')
    try {
      await health.sync('sync', handle, folder)
    } finally {
      await handle.close()
    }
  }
  const make = async (folder: string): Promise<void> => {
    const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
    if (first === undefined) return
    // Each new folder is an entry of the one above it, and lasts when that one is synced.
    for (let made = folder; ; made = dirname(made)) {
      await syncOne(dirname(made))
      if (made === first) return
    }
  }
  const makeFolder = (folder: string): Promise<void> => {
    const made = make(folder).finally(() => making.delete(made))
    making.add(made)
    return made
  }
  const syncFolder = async (folder: string): Promise<void> => {
    // A folder that somebody else has just made can be used at once, but lasts only when that one is done.
    await Promise.allSettled(making)
    await syncOne(folder)
  }
  const openForWriting = async (path: string, flags: number | 'wx'): Promise<FileHandle> => {
    try {
      return await open(path, flags, FILE_MODE)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      await makeFolder(dirname(path))
      return open(path, flags, FILE_MODE)
    }
  }
  return { syncFolder, makeFolder, openForWriting }
}

/** `root` is the data folder, an absolute path. */
export function createDisk(root: string): Disk {
  const health = createHealth()
  const folders = createFolders(health)
  // Two who replace one file at a time would take each other's temp file away.
  const inOrder = createQueues()
  const running = new Set<Promise<unknown>>()
  let closed = false
  const sync: Disk['sync'] = (handle, at) => health.sync('sync', handle, at)
  const assertWritable = (): void => {
    health.assert(root)
    if (closed) throw refusal(root, 'a storage that was closed')
  }
  return {
    assertWritable,
    run: async (change) => {
      assertWritable()
      const result = change()
      running.add(result)
      try {
        return await result
      } finally {
        running.delete(result)
      }
    },
    sync,
    syncData: (handle, at) => health.sync('datasync', handle, at),
    ...folders,
    replace: (path, text, kind, at) => inOrder(path, () => replace({ ...folders, sync }, path, text, kind, at)),
    remove: async (path) => {
      await rm(path, { force: true })
      await removeEmptyFolders(root, dirname(path), folders.syncFolder)
    },
    fail: health.fail,
    close: async () => {
      closed = true
      await Promise.allSettled(running)
    },
  }
}

async function replace(
  disk: Pick<Disk, 'sync' | 'syncFolder' | 'openForWriting'>,
  path: string,
  text: string,
  kind: string,
  at: string,
): Promise<void> {
  // Rename is atomic only inside one file system, so the temp file sits next to its target. Its name is fixed, so that a process
  // killed here leaves one such file at most, and the next write of this target removes it.
  const temp = `${path}.tmp`
  await rm(temp, { force: true })
  try {
    const handle = await disk.openForWriting(temp, 'wx')
    try {
      failpoint(`${kind}.write`)
      await writeAll(handle, Buffer.from(text), 0)
      failpoint(`${kind}.beforeSync`)
      await disk.sync(handle, at)
    } finally {
      await handle.close()
    }
    failpoint(`${kind}.beforeRename`)
    await rename(temp, path)
  } catch (error) {
    await rm(temp, { force: true })
    throw withNoSpace(error, at)
  }
  failpoint(`${kind}.afterRename`)
  await disk.syncFolder(dirname(path))
  failpoint(`${kind}.afterSync`)
}
