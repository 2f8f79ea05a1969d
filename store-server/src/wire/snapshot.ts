import type { ToPage } from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { presentJob, presentTask } from '../service/changes.ts'
import type { Store } from '../service/context.ts'
import type { Change } from '../service/hub.ts'

const SNAPSHOT_JOBS = 50
const SNAPSHOT_DEPLOYMENTS = 50

/** Newest first. */
export const newestJobs = (store: Store): JobRecord[] =>
  [...store.jobs.values()].sort((a, b) => b.job.number - a.job.number)
export const newestModels = (store: Store): ModelRecord[] =>
  [...store.models.values()].sort((a, b) => b.number - a.number)

/** All that a page draws first: jobs and deployments newest first, and every model that they name. */
export function snapshotOf(store: Store): Extract<ToPage, { type: 'snapshot' }> {
  const jobs = newestJobs(store).slice(0, SNAPSHOT_JOBS)
  const tasks = [...store.tasks.values()]
  const deployments = tasks.flatMap((task) => task.deployments.slice(-SNAPSHOT_DEPLOYMENTS).reverse())
  const named = new Set<string>([
    ...jobs.flatMap(({ job }) => job.trials.flatMap(({ sha1 }) => sha1 ?? [])),
    ...deployments.map(({ sha1 }) => sha1),
  ])
  const known = new Set(jobs.map(({ job }) => job.id))
  const models = newestModels(store).filter(
    ({ model }) => named.has(model.sha1) || model.origins.some(({ job }) => known.has(job)),
  )
  const sizeBytes = [...store.models.values()].reduce((sum, { model }) => sum + model.sizeBytes, 0)
  return {
    type: 'snapshot',
    notebooks: [...store.notebooks.values()].map(({ notebook }) => notebook),
    jobs: jobs.map((record) => presentJob(store, record)),
    models: models.map(({ model }) => model),
    tasks: tasks.map((record) => presentTask(store, record)),
    deployments,
    totals: { jobs: store.jobs.size, models: store.models.size, sizeBytes },
  }
}

/** The message that tells a change, with the value of now; null when the thing is gone, or is told otherwise. */
export function messageOf(store: Store, change: Change): ToPage | null {
  switch (change.type) {
    case 'notebook': {
      const record = store.notebooks.get(change.name)
      return record ? { type: 'notebook', notebook: record.notebook } : null
    }
    case 'notebook-forgotten':
      return store.notebooks.has(change.name) ? null : { type: 'notebook-forgotten', name: change.name }
    case 'task': {
      const record = store.tasks.get(change.name)
      return record ? { type: 'task', task: presentTask(store, record) } : null
    }
    case 'job': {
      const record = store.jobs.get(change.job)
      return record ? { type: 'job', job: presentJob(store, record) } : null
    }
    case 'trial': {
      const trial = store.jobs.get(change.job)?.job.trials[change.trial]
      return trial ? { type: 'trial', job: change.job, trial } : null
    }
    case 'model': {
      const record = store.models.get(change.sha1)
      return record ? { type: 'model', model: record.model } : null
    }
    case 'deployment': {
      const deployment = store.tasks.get(change.task)?.deployments[change.revision - 1]
      return deployment ? { type: 'deployment', deployment } : null
    }
    case 'cleared':
      return { type: 'cleared' }
    case 'log':
    case 'metrics':
      return null
    default:
      return unreachable(change)
  }
}

function unreachable(change: never): never {
  throw new TypeError(`unknown change ${JSON.stringify(change)}`)
}
