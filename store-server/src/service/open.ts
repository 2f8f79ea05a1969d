import { createJobs } from '../core/jobs.ts'
import { createModels } from '../core/models.ts'
import type { Storage } from '../storage/storage.ts'
import type { Store, Times, World, WriteCurrent } from './context.ts'
import { createHub } from './hub.ts'
import { createJobLog } from './joblog.ts'
import { load } from './load.ts'
import { createLock } from './lock.ts'
import { createSaver } from './saver.ts'
import { unpackJob, unpackModel } from './stored.ts'

export interface OpenOptions {
  readonly storage: Storage
  readonly world: World
  readonly times: Times
  readonly writeCurrent: WriteCurrent
}

/** A store with everything that the storage holds. Throws StorageError E_CORRUPT. */
export async function openStore(options: OpenOptions): Promise<Store> {
  const store: Store = {
    ...options,
    saver: createSaver(options.storage.documents),
    hub: createHub(),
    lock: createLock(),
    jobLog: createJobLog(options.storage.logs),
    notebooks: new Map(),
    jobs: createJobs(unpackJob),
    models: createModels(unpackModel),
    tasks: new Map(),
    counters: { jobs: 0, models: 0 },
    links: new Map(),
    heard: new Map(),
    quiet: new Map(),
    demos: new Set(),
    claims: new Set(),
    closing: false,
  }
  await load(store)
  return store
}
