import { expandGrid, isFinal, type Notebook, resolveConfig, shortSha1 } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { JobRecord, NotebookRecord } from '../core/records.ts'
import { dropConfig } from '../core/registry.ts'
import { moveInQueue, seedOf } from '../core/scheduler.ts'
import { createJob, isUnfinished, loseTrials, type NewJob, retryUnfinished, stopJob } from '../core/trials.ts'
import { changeJobs, presenceOf, saveJob, saveRegistry, say } from './changes.ts'
import { type Store, timeOf } from './context.ts'
import { dispatch } from './dispatching.ts'

/** Launched jobs have whole ranks: one of a retry lies behind all that are there, and before all that come. */
const RANK_STEP = 2 ** -20

export function notebookOf(store: Store, name: string): NotebookRecord {
  const record = store.notebooks.get(name)
  if (!record) throw new StoreError('E_NOT_FOUND', 'notebook', 'a registered notebook', name)
  return record
}

export function jobOf(store: Store, id: string): JobRecord {
  const record = store.jobs.get(id)
  if (!record) throw new StoreError('E_NOT_FOUND', 'job', 'a known job', id)
  return record
}

/** Changes the current values of a notebook, for everybody. Throws ProtocolError E_CONFIG or E_GRID. */
export async function drop(store: Store, name: string, dropped: unknown) {
  const before = notebookOf(store, name)
  const { record, answer } = dropConfig(before, dropped)
  if (answer.changed.length === 0) return answer
  store.notebooks.set(name, record)
  try {
    await saveRegistry(store)
  } catch (error) {
    if (store.notebooks.get(name) === record) store.notebooks.set(name, before)
    throw error
  }
  store.hub.publish({ type: 'notebook', name })
  store.links.get(name)?.send({ type: 'config', config: answer.config })
  return answer
}

export interface Launch {
  readonly notebook: string
  readonly config?: unknown
  readonly requestId?: string | undefined
}

/** A new job at the end of its notebook's queue, or the one that the same request made before. */
export async function launch(store: Store, request: Launch): Promise<{ record: JobRecord; created: boolean }> {
  const { requestId = null } = request
  const known = requestId === null ? undefined : store.jobs.ofRequest(requestId)
  if (known) {
    if (known.job.notebook !== request.notebook)
      throw new StoreError('E_REQUEST_ID', 'requestId', `notebook ${known.job.notebook}`, request.notebook)
    await saveJob(store, known.job.id)
    const record = store.jobs.get(known.job.id)
    // The first request found a full disk, and so there is no job of it.
    return record ? { record, created: false } : launch(store, request)
  }
  const { notebook } = notebookOf(store, request.notebook)
  if (notebook.state === 'gone')
    throw new StoreError('E_GONE', `notebook ${notebook.name}`, 'a running kernel', 'one that was shut down')
  const { config } = resolveConfig(notebook.schema, notebook.config, request.config ?? {})
  const record = await enqueue(store, notebook, { config, seed: seedOf(config, store.world.chance()), requestId })
  return { record, created: true }
}

export type NewLaunch = Pick<NewJob, 'config' | 'seed' | 'requestId' | 'reproduces' | 'newData'>

/** Puts a new job at the end of its notebook's queue. It is in its place before anything is awaited. */
export async function enqueue(store: Store, notebook: Notebook, launched: NewLaunch): Promise<JobRecord> {
  const grid = expandGrid(notebook.schema, launched.config)
  const number = ++store.counters.jobs
  const record = createJob({
    ...launched,
    id: store.world.newId(),
    number,
    notebook: notebook.name,
    task: notebook.task.name,
    createdAt: timeOf(store),
    rank: number,
    grid,
  })
  // The job before all that names it: of a process that is killed in between, its log would stay behind for ever.
  await keepLaunched(store, record)
  await beginLaunched(store, record)
  return jobOf(store, record.job.id)
}

/** Puts a new job on disk; when that fails there is no such job, so that launching again does not make two. */
async function keepLaunched(store: Store, record: JobRecord): Promise<void> {
  const { id, notebook } = record.job
  try {
    await changeJobs(store, notebook, [record])
  } catch (error) {
    if (store.jobs.get(id)?.job.state === 'queued') store.jobs.delete(id)
    throw error
  }
}

/** What follows a launch. The job is on disk already, so that a failure here must not read as if there were none. */
async function beginLaunched(store: Store, { job }: JobRecord): Promise<void> {
  const count = `${job.trials.length} ${job.trials.length === 1 ? 'trial' : 'trials'}`
  const purpose = job.reproduces
    ? `, to reproduce ${shortSha1(job.reproduces.sha1)}`
    : job.newData
      ? `, on the images that are there now, ${job.newData.reason}`
      : ''
  const results = await Promise.allSettled([
    say(store, job.id, `Launched ${count}, seed ${job.seed}${purpose}.`),
    dispatch(store, job.notebook),
  ])
  for (const result of results)
    if (result.status === 'rejected') store.world.report(`job ${job.id} after its launch: ${String(result.reason)}`)
}

/**
 * Waiting trials end at once; running ones when their kernel answers, or now when it is gone. Harmless when finished. Again
 * while it stops: the kernel is told once more, for the first time may have failed on a full disk.
 */
export async function stop(store: Store, id: string): Promise<JobRecord> {
  const before = jobOf(store, id)
  if (isFinal(before.job.state)) return before
  const { notebook } = before.job
  await (before.stopping ? saveJob(store, id) : beginStop(store, before, 'Stopped by a person'))
  const present = jobOf(store, id)
  const link = store.links.get(notebook)
  for (const { state, index, attempt } of present.job.trials)
    if (state === 'running' && link?.ready) link.send({ type: 'stop', job: id, trial: index, attempt })
  await dispatch(store, notebook)
  return jobOf(store, id)
}

async function beginStop(store: Store, before: JobRecord, reason: string): Promise<void> {
  const { id, notebook } = before.job
  const record = store.notebooks.get(notebook)
  const stopped = stopJob(before, reason, timeOf(store))
  const dead = !record || presenceOf(store, record) === 'gone'
  const changed = changeJobs(store, notebook, [dead ? loseTrials(stopped, reason, timeOf(store)) : stopped])
  await Promise.all([changed, say(store, id, `${reason}.`)])
}

/**
 * Failed and cancelled trials wait again, behind what the notebook runs now. Throws StoreError E_STATE when there is none, or while
 * the job still stops.
 */
export async function retry(store: Store, id: string): Promise<JobRecord> {
  const before = jobOf(store, id)
  const count = before.job.trials.filter(isUnfinished).length
  if (count === 0 || before.job.state === 'stopping')
    throw new StoreError('E_STATE', `job ${id}`, 'a failed or cancelled trial', `job ${before.job.state}`)
  const { notebook } = before.job
  const last = Math.max(before.rank, ...store.jobs.queue(notebook).map(({ rank }) => rank))
  const changed = changeJobs(store, notebook, [{ ...retryUnfinished(before, timeOf(store)), rank: last + RANK_STEP }])
  await Promise.all([changed, say(store, id, `Another try for ${count} ${count === 1 ? 'trial' : 'trials'}.`)])
  await dispatch(store, notebook)
  return jobOf(store, id)
}

/** Puts a queued job at a place in its queue, 1 = next. Throws StoreError E_STATE once it has started. */
export async function move(store: Store, id: string, position: number): Promise<JobRecord> {
  const { job } = jobOf(store, id)
  if (job.state !== 'queued') throw new StoreError('E_STATE', `job ${id}`, 'a queued job', `job ${job.state}`)
  const changed = moveInQueue(store.jobs.queue(job.notebook), id, position)
  await changeJobs(store, job.notebook, changed)
  return jobOf(store, id)
}

/** Removes a notebook that is not connected, and cancels what it left. Throws StoreError E_STATE for a live one. */
export async function forget(store: Store, name: string): Promise<void> {
  const record = notebookOf(store, name)
  if (presenceOf(store, record) === 'live')
    throw new StoreError('E_STATE', `notebook ${name}`, 'one that is not connected', record.notebook.state)
  const reason = 'The notebook was forgotten'
  const now = timeOf(store)
  const ended = store.jobs.queue(name).map((job) => loseTrials(stopJob(job, reason, now), reason, now))
  store.notebooks.delete(name)
  store.heard.delete(name)
  store.quiet.delete(name)
  await Promise.all([changeJobs(store, name, ended), saveRegistry(store)])
  store.hub.publish({ type: 'notebook-forgotten', name })
}
