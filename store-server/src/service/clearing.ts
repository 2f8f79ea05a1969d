import { untaught } from '../core/newData.ts'
import { DOCUMENTS, refreshNotebook, saveRegistry } from './changes.ts'
import type { Store } from './context.ts'
import { lockOf } from './deploying.ts'

/** What was deleted. */
export interface Cleared {
  readonly jobs: number
  readonly models: number
  readonly deployments: number
  readonly sizeBytes: number
}

/** Runs `work` while nobody decides about any of these tasks. */
function lockAll<T>(store: Store, tasks: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = tasks
  return first === undefined ? work() : store.lock(lockOf(first), () => lockAll(store, rest, work))
}

function stopAll(store: Store): void {
  for (const { job } of store.jobs.unfinished()) {
    const link = store.links.get(job.notebook)
    for (const { state, index, attempt } of job.trials)
      if (state === 'running') link?.send({ type: 'stop', job: job.id, trial: index, attempt })
  }
}

/**
 * Deletes every job, model and deployment; notebooks, their values and the tasks stay. Running jobs are stopped first; what
 * their kernels still send is refused with E_LEASE. Logs go before the records that name them, so that an interrupted
 * clearing can be repeated.
 */
export function clear(store: Store): Promise<Cleared> {
  return lockAll(store, [...store.tasks.keys()].sort(), async () => {
    stopAll(store)
    const jobs = [...store.jobs.keys()]
    const models = store.models.size
    const sizeBytes = store.models.sizeBytes()
    const deployments = [...store.tasks.values()].reduce((sum, record) => sum + record.deployments.length, 0)
    store.jobs.clear()
    store.models.clear()
    for (const [name, record] of store.tasks) store.tasks.set(name, { ...record, deployments: [] })
    for (const [name, record] of store.notebooks) {
      store.notebooks.set(name, { ...record, notebook: untaught(record.notebook) })
      refreshNotebook(store, name)
      if (record.notebook.newData) store.links.get(name)?.send({ type: 'trained', data: null })
    }
    store.hub.publish({ type: 'cleared' })
    for (const name of store.notebooks.keys()) store.hub.publish({ type: 'notebook', name })
    for (const name of store.tasks.keys()) store.hub.publish({ type: 'task', name })
    await store.saver.settled()
    await removeAll(store, jobs)
    await saveRegistry(store)
    return { jobs: jobs.length, models, deployments, sizeBytes }
  })
}

async function removeAll(store: Store, jobs: readonly string[]): Promise<void> {
  const { documents, logs, blobs } = store.storage
  for (const task of store.tasks.keys()) {
    await store.writeCurrent(task, null)
    await logs.remove(DOCUMENTS.deployments(task))
  }
  for (const job of jobs) {
    await store.jobLog.remove(job)
    await documents.remove(DOCUMENTS.job(job))
  }
  // A task that was registered meanwhile may have its first model already: that one stays.
  for (const name of await documents.list(DOCUMENTS.models))
    if (!store.models.has(name.split('/')[1] ?? '')) await documents.remove(name)
  for (const sha1 of await blobs.list()) if (!store.models.names(sha1)) await blobs.remove(sha1)
}
