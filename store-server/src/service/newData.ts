import { createHash } from 'node:crypto'
import {
  type Automatic,
  type FromAgent,
  type Job,
  type JobData,
  type Notebook,
  type Sha1,
  shortSha1,
} from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { configAgain, dueData, isTraining, reasonOf, withAutomatic, withFound, withTrained } from '../core/newData.ts'
import { currentOf, type JobRecord } from '../core/records.ts'
import { seedOf } from '../core/scheduler.ts'
import { saveJob, saveRegistry } from './changes.ts'
import type { AgentLink, Store } from './context.ts'
import { modelOf } from './deploying.ts'
import { enqueue, notebookOf } from './launching.ts'

/** Jobs that are looked through for the notebook's last training. */
const MAX_LOOKED_AT = 200

/** A kernel says what is in its folders. Told and not kept: it says so again whenever it registers. */
export function noteFound(store: Store, link: AgentLink, message: Extract<FromAgent, { type: 'data' }>): void {
  const name = link.notebook
  const record = name === null ? undefined : store.notebooks.get(name)
  if (name === null || record === undefined || store.links.get(name) !== link) return
  const next = withFound(record, message.found, message.problem)
  store.notebooks.set(name, next)
  const data = message.found?.data ?? null
  if (store.quiet.get(name)?.data !== data) store.quiet.set(name, { data, sinceMs: store.world.monotonicMs() })
  const trained = next.notebook.newData?.trained ?? null
  if (message.found !== null && message.found.since !== trained) link.send({ type: 'trained', data: trained })
  store.hub.publish({ type: 'notebook', name })
}

/** A trial has finished that was trained on these images. The caller saves the registry. */
export function noteTrained(store: Store, name: string, data: string): void {
  const record = store.notebooks.get(name)
  if (record === undefined) return
  store.notebooks.set(name, withTrained(record, data))
  store.links.get(name)?.send({ type: 'trained', data })
}

/** Where to begin: a model by name, `deployed`, or null for weights that are drawn. */
export type Beginning = Sha1 | 'deployed' | null

/** Throws StoreError E_NOT_FOUND, E_TASK, E_STATE for a model that cannot be begun with. */
function beginningOf(store: Store, { task }: Notebook, wanted: Beginning): Sha1 | null {
  if (wanted === null) return null
  const record = store.tasks.get(task.name)
  const sha1 = wanted === 'deployed' ? (record && currentOf(record))?.sha1 : wanted
  if (sha1 === undefined) throw new StoreError('E_STATE', `task ${task.name}`, 'a deployed model', 'none yet')
  const { model } = modelOf(store, sha1)
  if (model.task !== task.name)
    throw new StoreError('E_TASK', `model ${shortSha1(sha1)}`, `one of task ${task.name}`, `one of ${model.task}`)
  if (model.damagedAt !== undefined || !model.finite)
    throw new StoreError('E_STATE', `model ${shortSha1(sha1)}`, 'weights that are whole', 'damaged ones')
  return model.sha1
}

function lastTraining(store: Store, name: string): Job | null {
  let looked = 0
  for (const { job } of store.jobs.newest()) {
    if (job.notebook === name && isTraining(job)) return job
    if (++looked === MAX_LOOKED_AT) return null
  }
  return null
}

const unfinished = (store: Store, name: string): JobRecord | undefined =>
  store.jobs.queue(name).find(({ job }) => job.newData !== undefined && job.reproduces === undefined)

interface Wish {
  readonly initialWeights: Beginning
  readonly requestId: string | null
  /** Null: a person asked. */
  readonly automatic: Automatic | null
}

/** The new job, in its place before anything is awaited, so that two who ask at once get one. */
function launchOn(store: Store, notebook: Notebook, { initialWeights, requestId, automatic }: Wish) {
  const begin = beginningOf(store, notebook, initialWeights)
  const last = lastTraining(store, notebook.name)
  const config = last === null ? notebook.config : configAgain(notebook.schema, notebook.config, last.config)
  const why = reasonOf(notebook.newData?.found ?? null, automatic, store.times.quietMs)
  const values = last === null ? 'the notebook’s values' : `the values of job ${last.number}`
  const weights = begin === null ? 'fresh weights' : `the weights of ${shortSha1(begin)}`
  const newData: JobData = {
    by: automatic === null ? 'person' : 'auto',
    reason: `${why}; with ${values}; begins with ${weights}`,
    initialWeights: begin,
  }
  return enqueue(store, notebook, { config, seed: seedOf(config, store.world.chance()), requestId, newData })
}

/**
 * Launches a job that reads the notebook's folders anew, with the values of its last training; or answers the one that is at it. Throws
 * StoreError E_NOT_FOUND, E_GONE, E_TASK, E_REQUEST_ID, or E_STATE: it watches no folders, these cannot be trained on, or the model to
 * begin with is damaged or not there.
 */
export async function trainOnNewData(
  store: Store,
  name: string,
  wish: Wish,
): Promise<{ record: JobRecord; created: boolean }> {
  const { notebook } = notebookOf(store, name)
  const known = unfinished(store, name) ?? (wish.requestId === null ? undefined : store.jobs.ofRequest(wish.requestId))
  if (known && known.job.notebook !== name)
    throw new StoreError('E_REQUEST_ID', 'requestId', `notebook ${known.job.notebook}`, name)
  if (known) {
    await saveJob(store, known.job.id)
    const record = store.jobs.get(known.job.id)
    // The first request found a full disk, and so there is no job of it.
    return record ? { record, created: false } : trainOnNewData(store, name, wish)
  }
  if (notebook.state === 'gone')
    throw new StoreError('E_GONE', `notebook ${name}`, 'a running kernel', 'one that was shut down')
  const { newData } = notebook
  const place = `notebook ${name}`
  if (newData === undefined) throw new StoreError('E_STATE', place, 'one that watches folders', 'one that does not')
  if (newData.problem !== undefined)
    throw new StoreError('E_STATE', place, 'folders that can be trained on', newData.problem)
  // Perhaps it was registered without its folders this time.
  if (newData.found === null && notebook.state !== 'unreachable')
    throw new StoreError('E_STATE', place, 'one that has said what is in its folders', 'one that has not')
  return { record: await launchOn(store, notebook, wish), created: true }
}

/** Switches training by itself on, or off with null. Throws StoreError E_NOT_FOUND, E_STATE for a notebook that watches no folders. */
export async function setAutomatic(store: Store, name: string, automatic: Automatic | null): Promise<Notebook> {
  const record = notebookOf(store, name)
  if (record.notebook.newData === undefined)
    throw new StoreError('E_STATE', `notebook ${name}`, 'one that watches folders', 'one that does not')
  store.notebooks.set(name, withAutomatic(record, automatic))
  await saveRegistry(store)
  store.hub.publish({ type: 'notebook', name })
  return notebookOf(store, name).notebook
}

/** The same images are trained on by themselves once, whatever came of it, also after a restart: jobs keep the request's id. */
const requestOf = (name: string, data: string): string =>
  `auto-${createHash('sha1')
    .update(JSON.stringify([name, data]))
    .digest('hex')}`

/** Launches what is due: enough new images, an idle notebook, and no change for a while. */
export async function sweepNewData(store: Store): Promise<void> {
  // What fails for one notebook is tried again at the next look, and holds up no other.
  for (const { notebook } of [...store.notebooks.values()])
    await launchDue(store, notebook).catch((error: unknown) =>
      store.world.report(`notebook ${notebook.name}, training on new data: ${String(error)}`),
    )
}

async function launchDue(store: Store, notebook: Notebook): Promise<void> {
  const { name } = notebook
  const due = dueData(notebook)
  if (store.closing || due === null || store.jobs.queue(name).length > 0) return
  const { found, automatic } = due
  const quiet = store.quiet.get(name)
  if (quiet?.data !== found.data || store.world.monotonicMs() - quiet.sinceMs < store.times.quietMs) return
  const requestId = requestOf(name, found.data)
  if (store.jobs.ofRequest(requestId)) return
  const isThere = automatic.warmStart && canBegin(store, notebook)
  await launchOn(store, notebook, { initialWeights: isThere ? 'deployed' : null, requestId, automatic })
}

/** Without a deployed model that is whole, an automatic training begins afresh and says so. */
function canBegin(store: Store, notebook: Notebook): boolean {
  try {
    return beginningOf(store, notebook, 'deployed') !== null
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    return false
  }
}
