import type { Documents } from '../storage/storage.ts'

/** Writes documents from values in memory. Saves of one name that come while it is being written share the next write. */
export interface Saver {
  /** Resolves when a value that is at least as new as the present one is on disk. Throws StorageError; then try again. */
  save(name: string, present: () => unknown): Promise<void>
  /** Writes under way. */
  settled(): Promise<void>
}

interface Entry {
  running: Promise<void>
  next: Promise<void> | null
}

export function createSaver(documents: Documents): Saver {
  const entries = new Map<string, Entry>()

  async function write(name: string, present: () => unknown): Promise<void> {
    const value = present()
    // Nothing to keep: the aggregate was removed meanwhile.
    if (value === undefined) return
    await documents.write(name, value)
  }

  function start(name: string, present: () => unknown): Promise<void> {
    const entry: Entry = { running: write(name, present), next: null }
    entries.set(name, entry)
    const clear = () => {
      if (entries.get(name) === entry && entry.next === null) entries.delete(name)
    }
    entry.running.then(clear, clear)
    return entry.running
  }

  return {
    save(name, present) {
      const entry = entries.get(name)
      if (!entry) return start(name, present)
      const restart = () => start(name, present)
      entry.next ??= entry.running.then(restart, restart)
      return entry.next
    },
    async settled() {
      while (entries.size > 0)
        await Promise.allSettled([...entries.values()].map(({ running, next }) => next ?? running))
    },
  }
}
