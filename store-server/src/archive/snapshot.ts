import { type Deployment, isFinal } from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { DOCUMENTS, registryValue } from '../service/changes.ts'
import type { Store } from '../service/context.ts'

/** Log lines and points of a job at one moment. */
export interface Counts {
  readonly log: number
  readonly metrics: number
}

/** All records of a store as they were at one moment. They are replaced and never changed, so that holding them is enough. */
export interface Snapshot {
  readonly registry: unknown
  readonly jobs: readonly JobRecord[]
  readonly models: readonly ModelRecord[]
  readonly deployments: ReadonlyMap<string, readonly Deployment[]>
  /** Of the jobs that were not finished; the logs of the others do not grow. */
  readonly counts: ReadonlyMap<string, Counts>
}

const NO_RECORDS: Counts = { log: 0, metrics: 0 }

/**
 * The present records of a running store. Logs are counted first: so no log holds a line of an attempt that its job does not know
 * yet, and what comes while the archive is written is left out.
 */
export async function takeSnapshot(store: Store): Promise<Snapshot> {
  const { logs } = store.storage
  const counted = new Map<string, Counts>()
  for (const { job } of [...store.jobs.values()]) {
    if (isFinal(job.state)) continue
    const [log, metrics] = [await logs.count(DOCUMENTS.log(job.id)), await logs.count(DOCUMENTS.metrics(job.id))]
    counted.set(job.id, { log, metrics })
  }
  // From here on nothing waits.
  const counts = new Map(counted)
  const jobs = [...store.jobs.values()].map((record) => {
    const { id, state, logLines } = record.job
    const known = counted.get(id) ?? (isFinal(state) ? null : NO_RECORDS)
    if (known === null) return record
    counts.set(id, known)
    return { ...record, job: { ...record.job, logLines: Math.min(logLines, known.log) } }
  })
  return {
    registry: registryValue(store),
    jobs,
    models: [...store.models.values()],
    deployments: new Map([...store.tasks.values()].map(({ task, deployments }) => [task.name, deployments])),
    counts,
  }
}
