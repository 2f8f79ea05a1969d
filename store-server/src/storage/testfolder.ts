import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type EmbeddedOptions, openStorage } from './embedded.ts'
import type { Storage } from './storage.ts'

export interface TestFolder {
  /** The data folder of the present test. */
  path(...names: string[]): string
  open(options?: EmbeddedOptions): Promise<Storage>
  /** Closes all that is open. */
  close(): Promise<void>
  /** Opens, does something, closes: one life of a process. */
  life<T>(use: (storage: Storage) => Promise<T>, options?: EmbeddedOptions): Promise<T>
  /** All files, sorted, without those of the lock. */
  files(): Promise<string[]>
}

/** A data folder for each test of the file. What a test opens and leaves open is closed after it. */
export function useTestFolder(): TestFolder {
  let root = ''
  const opened: Storage[] = []
  beforeEach(async () => {
    root = join(await mkdtemp(join(tmpdir(), 'pawprint-storage-')), 'data')
  })
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((storage) => storage.close()))
  }
  afterEach(async () => {
    delete process.env.PAWPRINT_FAILPOINT
    await close()
    await rm(join(root, '..'), { recursive: true, force: true })
  })
  const open = async (options: EmbeddedOptions = {}): Promise<Storage> => {
    const storage = await openStorage(root, { keepFreeBytes: 0, ...options })
    opened.push(storage)
    return storage
  }
  return {
    path: (...names) => join(root, ...names),
    open,
    close,
    life: async (use, options) => {
      const storage = await open(options)
      try {
        return await use(storage)
      } finally {
        await storage.close()
      }
    },
    files: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true })
      const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
      return names
        .map((name) => name.slice(root.length + 1))
        .filter((name) => !name.startsWith('lock/'))
        .sort()
    },
  }
}

/** Makes the disk fail, or the process die, at a place (see failpoint.ts) while `use` runs. */
export async function withFailpoint<T>(plan: string, use: () => Promise<T>): Promise<T> {
  process.env.PAWPRINT_FAILPOINT = plan
  try {
    return await use()
  } finally {
    delete process.env.PAWPRINT_FAILPOINT
  }
}
