import type { Sha1 } from '@pawprint/protocol'
import type { ModelRecord } from './records.ts'
import { createShelf, type Shelf } from './shelf.ts'

/** What is to be known of a model that is packed. */
export interface ModelSummary {
  readonly number: number
  /** Of its weights and files. */
  readonly sizeBytes: number
  /** Jobs that made it. */
  readonly jobs: readonly string[]
  readonly isDeployed: boolean
  /** Files made of it. */
  readonly artifacts: readonly Sha1[]
}

export const summaryOfModel = ({ number, model }: ModelRecord): ModelSummary => ({
  number,
  sizeBytes: (model.artifacts ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, model.sizeBytes),
  jobs: model.origins.map(({ job }) => job),
  isDeployed: model.verdict.code === 'deployed',
  artifacts: (model.artifacts ?? []).map(({ sha1 }) => sha1),
})

/** All models, and what would cost a look at each of them: a store may hold a hundred thousand. */
export interface Models extends Omit<Shelf<ModelRecord>, 'lay'> {
  /** A model that is unpacked when it is first asked for. */
  lay(sha1: string, summary: ModelSummary, packed: Uint8Array): void
  /** Those whose verdict says that they are deployed. */
  deployed(): ModelRecord[]
  /** Bytes of all their weights and files; what several have counts for each. */
  sizeBytes(): number
  /** Whether a model has this blob as its weights or among its files. */
  names(sha1: string): boolean
  /** Models that have this job among their origins. */
  ofJob(job: string): ModelRecord[]
}

export function createModels(unpack: (packed: Uint8Array) => ModelRecord): Models {
  const shelf = createShelf<ModelRecord>({ numberOf: ({ number }) => number, unpack })
  const byJob = new Map<string, Set<string>>()
  const deployed = new Set<string>()
  /** How many models have each file: equal ones have equal files. */
  const artifacts = new Map<string, number>()
  const count = (sha1: string, change: 1 | -1): void => {
    const left = (artifacts.get(sha1) ?? 0) + change
    if (left > 0) artifacts.set(sha1, left)
    else artifacts.delete(sha1)
  }
  let sizeBytes = 0
  const all = (keys: Iterable<string>) => [...keys].flatMap((key) => shelf.get(key) ?? [])

  function take(key: string): void {
    const before = shelf.get(key)
    if (!before) return
    const summary = summaryOfModel(before)
    for (const job of summary.jobs) byJob.get(job)?.delete(key)
    for (const sha1 of summary.artifacts) count(sha1, -1)
    deployed.delete(key)
    sizeBytes -= summary.sizeBytes
  }
  function put(key: string, summary: ModelSummary): void {
    for (const job of summary.jobs) byJob.set(job, (byJob.get(job) ?? new Set()).add(key))
    for (const sha1 of summary.artifacts) count(sha1, 1)
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
      artifacts.clear()
      sizeBytes = 0
    },
    sizeBytes: () => sizeBytes,
    names: (sha1) => shelf.has(sha1) || artifacts.has(sha1),
    deployed: () => all(deployed),
    ofJob: (job) => all(byJob.get(job) ?? []),
  }
}
