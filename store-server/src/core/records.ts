import type { Deployment, Job, Model, Notebook, Sha1, Task } from '@pawprint/protocol'

/** A notebook as the store keeps it: what pages see, and what only the store needs. */
export interface NotebookRecord {
  readonly notebook: Notebook
  /** The name its kernel asked for; `notebook.name` may carry a suffix. */
  readonly requested: string
  /** The kernel that holds the name. */
  readonly instance: string
  readonly host: string
  readonly pid: number
  /** Trials that it runs side by side, 1 to 256. */
  readonly slots: number
  /** Last sign of life, ISO 8601. */
  readonly heardAt: string
  /** Seconds of its latest finished trials, oldest first, at most 50. */
  readonly seconds: readonly number[]
}

/** Where the next attempt of a trial may go on. */
export interface CheckpointRecord {
  readonly sha1: Sha1
  readonly step: number
  readonly progress: number
  /** The largest step that any attempt of this trial has reached. */
  readonly furthest: number
}

export interface JobRecord {
  readonly job: Job
  /** The launch request that made it: the same id again answers the same job. */
  readonly requestId: string | null
  /** Place in its notebook's queue: the smallest runs first. */
  readonly rank: number
  readonly stopping: boolean
  /** Fencing tokens by trial; the token of attempt n is at place n − 1. */
  readonly leases: readonly (readonly string[])[]
  /** By trial: attempts that no longer count against the three: made before a person asked for another try, or before it got further. */
  readonly forgiven: readonly number[]
  /** By trial: what its latest attempt left; null before the first and once the trial is done. */
  readonly checkpoints: readonly (CheckpointRecord | null)[]
}

export interface ModelRecord {
  readonly model: Model
  /** Counts from 1 within a store, in order of arrival; the cursor of lists. */
  readonly number: number
  /** Whether a demo ever said that it serves it. */
  readonly served: boolean
}

export interface TaskRecord {
  readonly task: Task
  readonly pinned: boolean
  /** The whole history, oldest first: revision n is at place n − 1. */
  readonly deployments: readonly Deployment[]
}

/** The last deployment of a task, or null. */
export const currentOf = (record: TaskRecord): Deployment | null => record.deployments.at(-1) ?? null
