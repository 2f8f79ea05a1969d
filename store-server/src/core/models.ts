import type { ModelRecord } from './records.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** What is to be known of a model that is packed. */
export interface ModelSummary {
  readonly number: number
  readonly sizeBytes: number
  /** Jobs that made it. */
  readonly jobs: readonly string[]
  readonly isDeployed: boolean
}

export const summaryOfModel = ({ number, model }: ModelRecord): ModelSummary => ({
  number,
  sizeBytes: model.sizeBytes,
  jobs: model.origins.map(({ job }) => job),
  isDeployed: model.verdict.code === 'deployed',
})

/** All models, and what would cost a look at each of them: a store may hold a hundred thousand. */
export interface Models extends Omit<Shelf<ModelRecord>, 'lay'> {
  /** A model that is unpacked when it is first asked for. */
  lay(sha1: string, summary: ModelSummary, packed: Uint8Array): void
  /** Those whose verdict says that they are deployed. */
  deployed(): ModelRecord[]
  /** Bytes of all their weights. */
  sizeBytes(): number
  /** Models that have this job among their origins. */
  ofJob(job: string): ModelRecord[]
}

export function createModels(unpack: (packed: Uint8Array) => ModelRecord): Models {
  const shelf = createShelf<ModelRecord>({ numberOf: ({ number }) => number, unpack })
  const byJob = new Map<string, Set<string>>()
  const deployed = new Set<string>()
  let sizeBytes = 0
  const all = (keys: Iterable<string>) => [...keys].flatMap((key) => shelf.get(key) ?? [])

  function take(key: string): void {
    const before = shelf.get(key)
    if (!before) return
    const summary = summaryOfModel(before)
    for (const job of summary.jobs) byJob.get(job)?.delete(key)
    deployed.delete(key)
    sizeBytes -= summary.sizeBytes
  }
  function put(key: string, summary: ModelSummary): void {
    for (const job of summary.jobs) byJob.set(job, (byJob.get(job) ?? new Set()).add(key))
    if (summary.isDeployed) deployed.add(key)
    sizeBytes += summary.sizeBytes
  }
  return {
    ...shelf,
    get size() {
      return shelf.size
    },
    set(key, record) {
      take(key)
      put(key, summaryOfModel(record))
      shelf.set(key, record)
    },
    lay(key, summary, packed) {
      put(key, summary)
      shelf.lay(key, summary.number, packed)
    },
    delete(key) {
      take(key)
      shelf.delete(key)
    },
    clear() {
      shelf.clear()
      byJob.clear()
      deployed.clear()
      sizeBytes = 0
    },
    sizeBytes: () => sizeBytes,
    deployed: () => all(deployed),
    ofJob: (job) => all(byJob.get(job) ?? []),
  }
}
