import type { ToPage } from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { createPresenter, presentJob, presentTask } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import type { Change } from '../service/hub.ts'

const SNAPSHOT_JOBS = 50
/** Of all its jobs together. A page that opens on a slow line must not wait for fifty of the largest grids. */
const SNAPSHOT_TRIALS = 10_000
const SNAPSHOT_DEPLOYMENTS = 50

/** The newest jobs, at least one, that are not too large together. */
function firstJobs(store: Store): JobRecord[] {
  const jobs: JobRecord[] = []
  let trials = 0
  for (const record of store.jobs.newest()) {
    trials += record.job.trials.length
    if (jobs.length === SNAPSHOT_JOBS || (jobs.length > 0 && trials > SNAPSHOT_TRIALS)) break
    jobs.push(record)
  }
  return jobs
}

/** All that a page draws first: jobs and deployments newest first, and every model that they name. */
export function snapshotOf(store: Store): Extract<ToPage, { type: 'snapshot' }> {
  const jobs = firstJobs(store)
  const tasks = [...store.tasks.values()]
  const deployments = tasks.flatMap((task) => task.deployments.slice(-SNAPSHOT_DEPLOYMENTS).reverse())
  const named = [
    ...jobs.flatMap(({ job }) => job.trials.map(({ sha1 }) => sha1)),
    ...deployments.map(({ sha1 }) => sha1),
  ]
  const models = new Set<ModelRecord>([
    ...named.flatMap((sha1) => store.models.get(sha1 ?? '') ?? []),
    ...jobs.flatMap(({ job }) => store.models.ofJob(job.id)),
  ])
  return {
    type: 'snapshot',
    notebooks: [...store.notebooks.values()].map(({ notebook }) => notebook),
    jobs: jobs.map(createPresenter(store)),
    models: [...models].sort((a, b) => b.number - a.number).map(({ model }) => model),
    tasks: tasks.map((record) => presentTask(store, record)),
    deployments,
    totals: { jobs: store.jobs.size, models: store.models.size, sizeBytes: store.models.sizeBytes() },
  }
}

/** The message that tells a change, with the value of now; none when the thing is gone, or is told otherwise. */
export function messagesOf(store: Store, change: Change): ToPage[] {
  switch (change.type) {
    case 'notebook':
      return present(store.notebooks.get(change.name), ({ notebook }) => ({ type: 'notebook', notebook }))
    case 'notebook-forgotten':
      return store.notebooks.has(change.name) ? [] : [{ type: 'notebook-forgotten', name: change.name }]
    case 'task':
      return present(store.tasks.get(change.name), (record) => ({ type: 'task', task: presentTask(store, record) }))
    case 'job':
      return present(store.jobs.get(change.job), (record) => ({ type: 'job', job: presentJob(store, record) }))
    case 'queue':
      return queued(store, change.notebook)
    case 'trial':
      return present(store.jobs.get(change.job)?.job.trials[change.trial], (trial) => ({
        type: 'trial',
        job: change.job,
        trial,
      }))
    case 'model':
      return present(store.models.get(change.sha1), ({ model }) => ({ type: 'model', model }))
    case 'deployment':
      return present(store.tasks.get(change.task)?.deployments[change.revision - 1], (deployment) => ({
        type: 'deployment',
        deployment,
      }))
    case 'cleared':
      return [{ type: 'cleared' }]
    default:
      return unreachable(change)
  }
}

const present = <T>(value: T | undefined, show: (value: T) => ToPage): ToPage[] =>
  value === undefined ? [] : [show(value)]

/** Every job that waits in a queue, with its place. */
function queued(store: Store, notebook: string): ToPage[] {
  const show = createPresenter(store)
  return store.jobs
    .queue(notebook)
    .filter(({ job }) => job.state === 'queued')
    .map((record) => ({ type: 'job', job: show(record) }))
}

function unreachable(change: never): never {
  throw new TypeError(`unknown change ${JSON.stringify(change)}`)
}
