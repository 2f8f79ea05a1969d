import type { Deployment, Job, Model, Notebook, TaskStatus, ToPage, Trial } from '@pawprint/protocol'

/** All records that the page knows. A plain value: every message gives a new one. */
export interface PageState {
  readonly notebooks: readonly Notebook[]
  /** Newest first. */
  readonly jobs: readonly Job[]
  readonly models: ReadonlyMap<string, Model>
  readonly tasks: readonly TaskStatus[]
  /** Newest first within a task. */
  readonly deployments: readonly Deployment[]
  readonly totals: { readonly jobs: number; readonly models: number; readonly sizeBytes: number }
}

export const EMPTY_STATE: PageState = {
  notebooks: [],
  jobs: [],
  models: new Map(),
  tasks: [],
  deployments: [],
  totals: { jobs: 0, models: 0, sizeBytes: 0 },
}

type Snapshot = Extract<ToPage, { type: 'snapshot' }>
/** The messages that change records; the others are about the connection, logs and curves. */
export type RecordMessage = Extract<
  ToPage,
  {
    type: 'snapshot' | 'notebook' | 'notebook-forgotten' | 'job' | 'trial' | 'model' | 'task' | 'deployment' | 'cleared'
  }
>

const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name, 'en')
// Those that are gone stand last; the others keep their place when they change state.
const byPlace = (a: Notebook, b: Notebook): number =>
  Number(a.state === 'gone') - Number(b.state === 'gone') || byName(a, b)
const byNumber = (a: Job, b: Job): number => b.number - a.number
const byRevision = (a: Deployment, b: Deployment): number => b.revision - a.revision

/** `list` with `item` in the place of the one that `same` finds, or added. */
function put<T>(list: readonly T[], item: T, same: (other: T) => boolean, order: (a: T, b: T) => number): T[] {
  const place = list.findIndex(same)
  return (place < 0 ? [...list, item] : list.with(place, item)).sort(order)
}

const fromSnapshot = (snapshot: Snapshot): PageState => ({
  notebooks: snapshot.notebooks.toSorted(byPlace),
  jobs: snapshot.jobs.toSorted(byNumber),
  models: new Map(snapshot.models.map((model) => [model.sha1, model])),
  tasks: snapshot.tasks.toSorted(byName),
  deployments: snapshot.deployments.toSorted(byRevision),
  totals: snapshot.totals,
})

function withTrial(jobs: readonly Job[], id: string, trial: Trial): readonly Job[] {
  const place = jobs.findIndex((job) => job.id === id)
  const job = jobs[place]
  if (job === undefined || job.trials[trial.index] === undefined) return jobs
  return jobs.with(place, { ...job, trials: job.trials.with(trial.index, trial) })
}

function withJob(state: PageState, job: Job): PageState {
  // A job that is not known may be an old one that the page did not load.
  const isNew = state.jobs.every(({ number }) => number < job.number)
  return {
    ...state,
    jobs: put(state.jobs, job, ({ id }) => id === job.id, byNumber),
    totals: { ...state.totals, jobs: state.totals.jobs + Number(isNew) },
  }
}

/** Of weights and files, in bytes. */
const sizeOf = ({ sizeBytes, artifacts = [] }: Model): number =>
  artifacts.reduce((sum, file) => sum + file.sizeBytes, sizeBytes)

function withModel(state: PageState, model: Model): PageState {
  const isNew = !state.models.has(model.sha1)
  const { totals } = state
  return {
    ...state,
    models: new Map(state.models).set(model.sha1, model),
    totals: isNew ? { ...totals, models: totals.models + 1, sizeBytes: totals.sizeBytes + sizeOf(model) } : totals,
  }
}

/** Older jobs and their models, as they were asked for. What the page knows already is newer, and stays. */
export function withOlder(state: PageState, jobs: readonly Job[], models: readonly Model[]): PageState {
  const known = new Set(state.jobs.map(({ id }) => id))
  return {
    ...state,
    jobs: [...state.jobs, ...jobs.filter(({ id }) => !known.has(id))].sort(byNumber),
    models: new Map([...models.map((model) => [model.sha1, model] as const), ...state.models]),
  }
}

/** Nothing that was trained is left; notebooks stay. What the store sends next says how tasks begin again. */
const cleared = (state: PageState): PageState => ({
  ...EMPTY_STATE,
  notebooks: state.notebooks,
  tasks: state.tasks.map((task) => ({ ...task, current: null })),
})

/** The state after a message. */
export function applyMessage(state: PageState, message: RecordMessage): PageState {
  switch (message.type) {
    case 'snapshot':
      return fromSnapshot(message)
    case 'notebook': {
      const { notebook } = message
      return { ...state, notebooks: put(state.notebooks, notebook, ({ name }) => name === notebook.name, byPlace) }
    }
    case 'notebook-forgotten':
      return { ...state, notebooks: state.notebooks.filter(({ name }) => name !== message.name) }
    case 'job':
      return withJob(state, message.job)
    case 'trial':
      return { ...state, jobs: withTrial(state.jobs, message.job, message.trial) }
    case 'model':
      return withModel(state, message.model)
    case 'task':
      return { ...state, tasks: put(state.tasks, message.task, ({ name }) => name === message.task.name, byName) }
    case 'deployment': {
      const { deployment } = message
      const same = (other: Deployment) => other.task === deployment.task && other.revision === deployment.revision
      return { ...state, deployments: put(state.deployments, deployment, same, byRevision) }
    }
    case 'cleared':
      return cleared(state)
    default:
      return unreachable(message)
  }
}

const unreachable = (message: never): never => {
  throw new Error(`no case for ${JSON.stringify(message)}`)
}
