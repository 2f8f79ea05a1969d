import { unheard } from '../core/newData.ts'
import { verdictOfCurrent, verdictOfFormer } from '../core/promotion.ts'
import { currentOf, type ModelRecord, type TaskRecord } from '../core/records.ts'
import { withExit } from '../core/registry.ts'
import { StorageError } from '../storage/storage.ts'
import { changeModels, DOCUMENTS, noteLines, refreshNotebook, saveRegistry } from './changes.ts'
import type { Store } from './context.ts'
import { showCurrent, withVerdict } from './deploying.ts'
import { deploymentFrom, JOBS, MODELS, registryFrom, unpackJob } from './stored.ts'

/** Logs read side by side at start. */
const READERS = 32

async function eachOf<T>(values: readonly T[], read: (value: T) => Promise<void>): Promise<void> {
  const queue = [...values]
  const worker = async () => {
    for (let value = queue.pop(); value !== undefined; value = queue.pop()) await read(value)
  }
  await Promise.all(Array.from({ length: READERS }, worker))
}

/**
 * Fills an empty store with what the storage holds. Every notebook comes back as unreachable since it was last heard; jobs and
 * queues are as they were. Throws StorageError E_CORRUPT, also when there are weights but no registry: an empty start would
 * look like a loss.
 */
export async function load(store: Store): Promise<void> {
  const document = await store.storage.documents.read(DOCUMENTS.registry)
  if (document === null) {
    const [blobs, jobs] = [await store.storage.blobs.list(), await store.storage.documents.list(DOCUMENTS.jobs)]
    // From now on the folder has a registry, so that its loss can be told from a first start.
    if (blobs.length + jobs.length === 0) return saveRegistry(store)
    throw new StorageError(
      'E_CORRUPT',
      'registry',
      'a registry beside the weights and jobs',
      'none; bring it back from a backup',
    )
  }
  const registry = registryFrom(document)
  Object.assign(store.counters, registry.counters)
  await loadAggregates(store)
  for (const { task, pinned } of registry.tasks)
    store.tasks.set(task.name, { task, pinned, deployments: await loadDeployments(store, task.name) })
  for (const record of registry.notebooks) loadNotebook(store, record)
  await reconcile(store)
  for (const task of store.tasks.keys()) await showCurrent(store, task)
}

async function loadAggregates(store: Store): Promise<void> {
  const { documents } = store.storage
  const idOf = (name: string) => name.split('/')[1] ?? ''
  for await (const some of documents.readAll(JOBS))
    for (const { name, summary, bytes } of some) {
      if (summary.isFinal) store.jobs.lay(idOf(name), summary, bytes)
      else store.jobs.set(idOf(name), unpackJob(bytes))
      store.counters.jobs = Math.max(store.counters.jobs, summary.number)
    }
  await eachOf(store.jobs.unfinished(), async ({ job }) => noteLines(store, job.id, await store.jobLog.count(job.id)))
  for await (const some of documents.readAll(MODELS))
    for (const { name, summary, bytes } of some) {
      store.models.lay(idOf(name), summary, bytes)
      store.counters.models = Math.max(store.counters.models, summary.number)
    }
  // Put in order now, and not while the first who asks for a list waits.
  for (const shelf of [store.jobs, store.models]) shelf.newest().next()
}

async function loadDeployments(store: Store, task: string): Promise<TaskRecord['deployments']> {
  const records = await store.storage.logs.read(DOCUMENTS.deployments(task), 0, Number.MAX_SAFE_INTEGER)
  return records.map(({ record }) => deploymentFrom(record))
}

function loadNotebook(store: Store, record: Parameters<Store['notebooks']['set']>[1]): void {
  const { notebook, heardAt } = record
  const since = notebook.state === 'gone' || notebook.state === 'unreachable' ? notebook.since : heardAt
  const state = notebook.state === 'gone' ? 'gone' : 'unreachable'
  store.notebooks.set(notebook.name, withExit({ ...record, notebook: unheard({ ...notebook, state, since }) }, null))
  // While the store was away nobody could be heard, so leases begin anew.
  store.heard.set(notebook.name, { monotonicMs: store.world.monotonicMs(), wallMs: Date.parse(heardAt) })
  refreshNotebook(store, notebook.name)
}

/** The history is the truth: verdicts that a crash left behind it are put right. */
async function reconcile(store: Store): Promise<void> {
  const wrong: ModelRecord[] = []
  for (const record of store.tasks.values()) {
    const sha1 = currentOf(record)?.sha1
    const known = store.models.get(sha1 ?? '')
    const code = known?.model.verdict.code
    const current = currentOf(record)
    if (known && current && code !== 'deployed' && code !== 'failed-to-load')
      wrong.push(withVerdict(known, verdictOfCurrent(current)))
    for (const other of store.models.deployed())
      if (other.model.task === record.task.name && other.model.sha1 !== sha1) wrong.push(demoted(store, record, other))
  }
  await changeModels(store, wrong)
}

function demoted(store: Store, record: TaskRecord, former: ModelRecord): ModelRecord {
  const last = record.deployments.findLastIndex(({ sha1 }) => sha1 === former.model.sha1)
  const successor = record.deployments[last + 1]
  const next = successor && store.models.get(successor.sha1)
  if (last >= 0 && successor && next) return withVerdict(former, verdictOfFormer(former, next, successor))
  const { at } = former.model.verdict
  return withVerdict(former, { deployed: false, code: 'not-better', reason: 'not judged before the store stopped', at })
}
