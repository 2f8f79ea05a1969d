import { join, resolve } from 'node:path'
import { entriesOf } from '../check/walk.ts'
import { DEFAULT_TIMES } from '../options.ts'
import type { Store } from '../service/context.ts'
import { createCurrentWriter } from '../service/current.ts'
import { openStore } from '../service/open.ts'
import { realWorld } from '../service/world.ts'
import { openStorage } from '../storage/embedded.ts'
import { errnoOf } from '../storage/errno.ts'
import { lockFolder } from '../storage/lock.ts'
import { LOCK_FOLDER } from '../storage/names.ts'
import { StorageError } from '../storage/storage.ts'

/** A folder that cannot be written to, such as a backup's, has no store that runs on it from here. */
const isReadOnly = (error: unknown): boolean => ['EROFS', 'EACCES', 'EPERM'].includes(errnoOf(error))

/**
 * Runs `work` while no store can start on the data folder. Throws StorageError E_NOT_FOUND when there is none, E_LOCKED with the
 * pid of the store that runs. `readOnly`: goes on without the lock where none can be had.
 */
export async function withLock<T>(dataDir: string, work: (root: string) => Promise<T>, readOnly = false): Promise<T> {
  const root = resolve(dataDir)
  await entriesOf(root)
  const lock = await lockFolder(join(root, LOCK_FOLDER)).catch((error: unknown) => {
    if (!readOnly || error instanceof StorageError || !isReadOnly(error)) throw error
    return null
  })
  try {
    return await work(root)
  } finally {
    await lock?.release()
  }
}

/** Runs `work` with the store of a data folder, as it is after a start, but without a port. Throws as withLock does, and E_CORRUPT. */
export async function withStore<T>(dataDir: string, work: (store: Store, root: string) => Promise<T>): Promise<T> {
  const root = resolve(dataDir)
  await entriesOf(root)
  const storage = await openStorage(root)
  try {
    const writeCurrent = createCurrentWriter(join(root, 'deployed'))
    const store = await openStore({ storage, world: realWorld, times: DEFAULT_TIMES, writeCurrent })
    const result = await work(store, root)
    await store.saver.settled()
    return result
  } finally {
    await storage.close()
  }
}
