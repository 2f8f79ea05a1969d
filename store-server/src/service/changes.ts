import { isFinal, type Job, type LogLine, type TaskStatus } from '@pawprint/protocol'
import { currentOf, type JobRecord, type ModelRecord, type NotebookRecord, type TaskRecord } from '../core/records.ts'
import { presentNotebook } from '../core/registry.ts'
import { activeJob, positionsOf } from '../core/scheduler.ts'
import { type Store, timeOf } from './context.ts'
import type { Change } from './hub.ts'

/** Documents of the store, one per aggregate. */
export const DOCUMENTS = {
  registry: 'registry',
  jobs: 'jobs/',
  job: (id: string) => `jobs/${id}/job`,
  /** Logs: the lines and the points of a job. */
  log: (id: string) => `jobs/${id}/log`,
  metrics: (id: string) => `jobs/${id}/metrics`,
  models: 'models/',
  model: (sha1: string) => `models/${sha1}/model`,
  /** Topology and evaluation: too large to keep in memory for every model. */
  details: (sha1: string) => `models/${sha1}/details`,
  /** When all weights were checked last. */
  upkeep: 'upkeep',
  /** A log: deployment n of a task is its n-th record. */
  deployments: (task: string) => `deployments/${task}`,
} as const

export const FORMAT_VERSION = 1

const heardAtOf = (store: Store, record: NotebookRecord): string => {
  const heard = store.heard.get(record.notebook.name)
  return heard ? new Date(heard.wallMs).toISOString() : record.heardAt
}

/** Notebooks, tasks and counters as the registry keeps them. */
export const registryValue = (store: Store) => ({
  version: FORMAT_VERSION,
  notebooks: [...store.notebooks.values()].map((record) => ({ ...record, heardAt: heardAtOf(store, record) })),
  tasks: [...store.tasks.values()].map(({ task, pinned }) => ({ task, pinned })),
  counters: { ...store.counters },
})

export const saveRegistry = (store: Store): Promise<void> =>
  store.saver.save(DOCUMENTS.registry, () => registryValue(store))

export const saveJob = (store: Store, id: string): Promise<void> =>
  store.saver.save(DOCUMENTS.job(id), () => store.jobs.get(id))

export const saveModel = (store: Store, sha1: string): Promise<void> =>
  store.saver.save(DOCUMENTS.model(sha1), () => store.models.get(sha1))

/** The present connection of a notebook, as its state follows from it. */
export function presenceOf(store: Store, record: NotebookRecord): 'live' | 'unreachable' | 'gone' {
  if (store.links.has(record.notebook.name)) return 'live'
  return record.notebook.state === 'gone' ? 'gone' : 'unreachable'
}

/** Brings a notebook's state in line with its connection and its jobs; true when that changed something. */
export function refreshNotebook(store: Store, name: string, presence?: 'unreachable' | 'gone'): boolean {
  const record = store.notebooks.get(name)
  if (!record) return false
  const active = activeJob(store.jobs.queue(name))
  const next = presentNotebook(record, presence ?? presenceOf(store, record), active?.job.id ?? null, timeOf(store))
  store.notebooks.set(name, next)
  return next !== record
}

/** What to tell of a changed job: only its changed trials while the job itself stays as it was, for it may have thousands. */
function changesOf(before: JobRecord | undefined, { job }: JobRecord): Change[] {
  if (!before || before.job.state !== job.state || before.job.data !== job.data) return [{ type: 'job', job: job.id }]
  return job.trials
    .filter((trial, i) => trial !== before.job.trials[i])
    .map(({ index }) => ({ type: 'trial', job: job.id, trial: index }))
}

/**
 * Puts changed jobs of one notebook in place, writes them, and tells everyone. Values change at once, so that nothing comes
 * between; the promise resolves when they are on disk. Whether the notebook is busy follows from its jobs and is not written.
 */
export async function changeJobs(store: Store, notebook: string, records: readonly JobRecord[]): Promise<void> {
  const changes = records.flatMap((record) => changesOf(store.jobs.get(record.job.id), record))
  const requeued = records.some(({ job, rank }) => {
    const before = store.jobs.get(job.id)
    return before?.job.state !== job.state || before.rank !== rank
  })
  for (const record of records) store.jobs.set(record.job.id, record)
  const refreshed = refreshNotebook(store, notebook)
  const saves = records.map(({ job }) => saveJob(store, job.id))
  await Promise.all(saves)
  for (const change of changes) store.hub.publish(change)
  if (requeued) store.hub.publish({ type: 'queue', notebook })
  if (refreshed) store.hub.publish({ type: 'notebook', name: notebook })
  for (const { job } of records) if (isFinal(job.state)) store.jobLog.release(job.id)
}

/** Jobs as everyone sees them: with their place in the queue, and when their notebook was last heard. */
export function createPresenter(store: Store): (record: JobRecord) => Job {
  const places = new Map<string, Map<string, number>>()
  const placesOf = (notebook: string) => {
    const known = places.get(notebook) ?? positionsOf(store.jobs.queue(notebook))
    places.set(notebook, known)
    return known
  }
  return ({ job }) => {
    if (isFinal(job.state)) return job
    const position = placesOf(job.notebook).get(job.id)
    if (position !== undefined) return { ...job, position }
    const record = store.notebooks.get(job.notebook)
    return record ? { ...job, heardAt: heardAtOf(store, record) } : job
  }
}

export const presentJob = (store: Store, record: JobRecord): Job => createPresenter(store)(record)

/** A task as everyone sees it. Of several demos, one that could not load the deployed model is the one to show. */
export function presentTask(store: Store, record: TaskRecord): TaskStatus {
  const current = currentOf(record)
  const reports = [...store.demos].map(({ serving }) => serving.get(record.task.name) ?? { sha1: null, error: null })
  const demo = reports.find(({ error }) => error !== null) ?? reports.at(-1) ?? null
  return { ...record.task, current, revision: record.deployments.length, pinned: record.pinned, demo }
}

/** Puts models in place, writes and tells them. */
export async function changeModels(store: Store, records: readonly ModelRecord[]): Promise<void> {
  for (const record of records) store.models.set(record.model.sha1, record)
  await Promise.all(records.map(({ model }) => saveModel(store, model.sha1)))
  for (const { model } of records) store.hub.publish({ type: 'model', sha1: model.sha1 })
}

/**
 * Says on a model whether its weights are whole; its verdict, and what it may be deployed to, stay. Only under the lock of the
 * model's task.
 */
export async function markWeights(store: Store, sha1: string, areWhole: boolean): Promise<void> {
  const known = store.models.get(sha1)
  if (!known || (known.model.damagedAt === undefined) === areWhole) return
  const { damagedAt: _, ...model } = known.model
  await changeModels(store, [{ ...known, model: areWhole ? model : { ...model, damagedAt: timeOf(store) } }])
}

/** A line of the store's own in a job's log. Resolves when it is on disk. */
export async function say(
  store: Store,
  job: string,
  text: string,
  trial: number | null = null,
  level: LogLine['level'] = 'info',
): Promise<void> {
  if (!store.jobs.has(job)) return
  noteLines(
    store,
    job,
    await store.jobLog.appendLines(job, [{ trial, attempt: 0, n: 0, time: timeOf(store), level, text }]),
  )
}

/** Lines up to `last` are on disk: the job says so, and followers are told. */
export function noteLines(store: Store, id: string, last: number): void {
  const record = store.jobs.get(id)
  if (!record || record.job.logLines >= last) return
  store.jobs.set(id, { ...record, job: { ...record.job, logLines: last } })
  store.hub.publishRecords(id)
  if (isFinal(record.job.state)) {
    store.jobLog.release(id)
    // Only the count that pages show is at stake; the lines themselves are on disk.
    saveJob(store, id).catch((error: unknown) => store.world.report(`job ${id}: ${String(error)}`))
  }
}
