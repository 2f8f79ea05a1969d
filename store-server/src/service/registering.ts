import type { ToAgent } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { claimName, type Holder } from '../core/naming.ts'
import { carryData } from '../core/newData.ts'
import type { JobRecord, NotebookRecord } from '../core/records.ts'
import { type Registration, registerNotebook } from '../core/registry.ts'
import { standingOf } from '../core/standing.ts'
import { loseTrials } from '../core/trials.ts'
import { changeJobs, presenceOf, refreshNotebook, saveRegistry, say } from './changes.ts'
import { type AgentLink, type Store, timeOf } from './context.ts'
import { dispatch, runMessage } from './dispatching.ts'

const CLOSE_REPLACED = 4409

/** Notes a sign of life. */
export function hear(store: Store, name: string): void {
  store.heard.set(name, { monotonicMs: store.world.monotonicMs(), wallMs: store.world.nowMs() })
}

const silentMsOf = (store: Store, name: string): number =>
  store.world.monotonicMs() - (store.heard.get(name)?.monotonicMs ?? Number.NEGATIVE_INFINITY)

function holdersOf(store: Store): Holder[] {
  return [...store.notebooks.values()].map((record) => {
    const { name, task, schema } = record.notebook
    const { requested, instance, host, pid } = record
    const silentMs = silentMsOf(store, name)
    const unfinished = store.jobs.queue(name).length > 0
    return {
      name,
      requested,
      instance,
      host,
      pid,
      task,
      schema,
      presence: presenceOf(store, record),
      silentMs,
      unfinished,
    }
  })
}

/** A task keeps its metric for ever, or its models could not be compared; its class names are those that came last. */
function checkTask(store: Store, task: Registration['task']): void {
  const known = store.tasks.get(task.name)?.task.metric
  if (!known || JSON.stringify(known) === JSON.stringify(task.metric)) return
  throw new StoreError('E_TASK', `task ${task.name}`, JSON.stringify(known), JSON.stringify(task.metric))
}

/** One kernel has one notebook: registering under another name gives the first one up. */
async function releaseOther(store: Store, link: AgentLink, name: string): Promise<void> {
  const other = link.notebook
  if (other !== null && other !== name && store.links.get(other) === link) await leave(store, link, 'gone')
}

/**
 * A kernel asks for a name. Answers `held` or, once it is on disk, `registered`; then come the trials it should have but does
 * not, stops it has missed, and new trials. Throws StoreError E_TASK.
 */
export async function register(store: Store, link: AgentLink, message: Registration): Promise<void> {
  checkTask(store, message.task)
  const claim = claimName({ ...message, instance: link.instance }, holdersOf(store), store.times.leaseMs)
  if (claim.type === 'held') {
    const { instance, host, pid } = claim.holder
    link.send({ type: 'held', id: message.id, by: { instance, host, pid }, retryAfterMs: claim.retryAfterMs })
    return
  }
  const released = releaseOther(store, link, claim.name)
  const before = store.notebooks.get(claim.name) ?? null
  const lost = claim.type === 'takeover' && before ? takeOver(store, before) : Promise.resolve()
  const record = registerNotebook(
    claim.type === 'fresh' ? null : before,
    claim.name,
    link.instance,
    message,
    timeOf(store),
  )
  seat(store, link, claim.name, carryData(record, before ?? undefined))
  await Promise.all([released, lost, saveRegistry(store)])
  if (store.links.get(claim.name) !== link) return
  store.hub.publish({ type: 'notebook', name: claim.name })
  store.hub.publish({ type: 'task', name: message.task.name })
  greet(store, link, claim.name, message)
  await dispatch(store, claim.name)
}

/** Puts a kernel in its place; who sat there is told. */
function seat(store: Store, link: AgentLink, name: string, record: NotebookRecord): void {
  const former = store.links.get(name)
  if (former && former !== link) former.close(CLOSE_REPLACED, 'replaced by a newer connection of the same kernel')
  link.notebook = name
  link.ready = false
  store.links.set(name, link)
  hear(store, name)
  store.notebooks.set(name, record)
  refreshNotebook(store, name)
  const { task } = record.notebook
  const known = store.tasks.get(task.name)
  store.tasks.set(task.name, { task, pinned: known?.pinned ?? false, deployments: known?.deployments ?? [] })
}

/** Fences the former kernel: its attempts are lost, and its jobs stay with the name. */
async function takeOver(store: Store, before: NotebookRecord): Promise<void> {
  await loseAttempts(store, before.notebook.name, 'a new kernel took over')
}

/** What the kernel must know first, and what it missed. */
function greet(store: Store, link: AgentLink, name: string, message: Registration): void {
  const record = store.notebooks.get(name)
  if (!record) return
  const isOwn = (ref: Registration['attempts'][number]): boolean => {
    const job = store.jobs.get(ref.job)
    return job?.job.notebook === name && standingOf(job, ref) === 'owner'
  }
  const fenced = message.attempts
    .filter((ref) => !isOwn(ref))
    .map(({ job, trial, attempt }) => ({ job, trial, attempt }))
  link.send({ type: 'registered', id: message.id, name, config: record.notebook.config, fenced })
  link.ready = true
  const has = new Set(message.attempts.map(({ lease }) => lease))
  for (const job of store.jobs.queue(name)) for (const missed of missedBy(job, has)) link.send(missed)
}

/** Running trials that the kernel does not know of, and the stop of those that it does. */
function missedBy(record: JobRecord, has: ReadonlySet<string>): ToAgent[] {
  const running = record.job.trials.filter(({ state }) => state === 'running')
  return running.flatMap(({ index, attempt }): ToAgent[] => {
    const lease = record.leases[index]?.[attempt - 1] ?? ''
    const stop = { type: 'stop', job: record.job.id, trial: index, attempt } as const
    return [...(has.has(lease) ? [] : [runMessage(record, index)]), ...(record.stopping ? [stop] : [])]
  })
}

/** Every running attempt of a notebook ends without a result; what may be tried again waits. */
export async function loseAttempts(store: Store, name: string, reason: string): Promise<void> {
  const hit = store.jobs.queue(name).filter(({ job }) => job.trials.some(({ state }) => state === 'running'))
  if (hit.length === 0) return
  const changed = changeJobs(
    store,
    name,
    hit.map((record) => loseTrials(record, reason, timeOf(store))),
  )
  const lines = hit.map(({ job }) => say(store, job.id, `${reason}: running trials begin again.`, null, 'warn'))
  await Promise.all([changed, ...lines])
}

/** A kernel is no longer connected: `gone` when it said goodbye, else unreachable and perhaps still training. */
export async function leave(store: Store, link: AgentLink, presence: 'unreachable' | 'gone'): Promise<void> {
  const name = link.notebook
  if (store.closing || name === null || store.links.get(name) !== link) return
  store.links.delete(name)
  const record = store.notebooks.get(name)
  if (!record) return
  const heardAt = new Date(store.heard.get(name)?.wallMs ?? store.world.nowMs()).toISOString()
  store.notebooks.set(name, { ...record, heardAt })
  refreshNotebook(store, name, presence)
  const active = store.notebooks.get(name)?.notebook.job
  const lost = presence === 'gone' ? loseAttempts(store, name, 'The kernel was shut down') : Promise.resolve()
  const line =
    active && presence === 'unreachable'
      ? say(store, active, 'Connection to the notebook lost; it may still be training.', null, 'warn')
      : Promise.resolve()
  await Promise.all([saveRegistry(store), lost, line])
  store.hub.publish({ type: 'notebook', name })
  if (active) store.hub.publish({ type: 'job', job: active })
}

/**
 * Notebooks that were unreachable for a day count as gone; what they were training can be stopped and begins again elsewhere.
 * The day begins anew with the store, as leases do: while it was away nobody could be heard.
 */
export async function sweepGone(store: Store): Promise<void> {
  for (const [name, record] of store.notebooks) {
    if (record.notebook.state !== 'unreachable') continue
    if (silentMsOf(store, name) < store.times.goneAfterMs) continue
    refreshNotebook(store, name, 'gone')
    await Promise.all([saveRegistry(store), loseAttempts(store, name, 'The notebook was unreachable for too long')])
    store.hub.publish({ type: 'notebook', name })
  }
}
