import type { ModelRecord } from './records.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** All models, and what would cost a look at each of them: a store may hold a hundred thousand. */
export interface Models extends Shelf<ModelRecord> {
  /** Bytes of all their weights. */
  sizeBytes(): number
  /** Models that have this job among their origins. */
  ofJob(job: string): ModelRecord[]
}

export function createModels(): Models {
  const shelf = createShelf<ModelRecord>(({ number }) => number)
  const byJob = new Map<string, Set<string>>()
  let sizeBytes = 0

  function addOrigins(key: string, { model }: ModelRecord): void {
    for (const { job } of model.origins) {
      const keys = byJob.get(job) ?? new Set()
      byJob.set(job, keys.add(key))
    }
  }
  return {
    ...shelf,
    get size() {
      return shelf.size
    },
    set(key, record) {
      const before = shelf.get(key)
      if (before?.model.origins !== record.model.origins) addOrigins(key, record)
      sizeBytes += record.model.sizeBytes - (before?.model.sizeBytes ?? 0)
      shelf.set(key, record)
    },
    delete(key) {
      const before = shelf.get(key)
      for (const { job } of before?.model.origins ?? []) byJob.get(job)?.delete(key)
      sizeBytes -= before?.model.sizeBytes ?? 0
      shelf.delete(key)
    },
    clear() {
      shelf.clear()
      byJob.clear()
      sizeBytes = 0
    },
    sizeBytes: () => sizeBytes,
    ofJob: (job) => [...(byJob.get(job) ?? [])].flatMap((key) => shelf.get(key) ?? []),
  }
}
