import type { Sha1 } from '@pawprint/protocol'
import type { JobRecord, ModelRecord, TaskRecord } from './records.ts'

/** All records that may name weights. */
export interface Naming {
  readonly jobs: Iterable<JobRecord>
  readonly models: Iterable<ModelRecord>
  readonly tasks: Iterable<{
    readonly task: { readonly name: string }
    readonly deployments: TaskRecord['deployments']
  }>
}

/**
 * The one answer to "which blobs are needed", each with who needs it: weights and files of every model and deployment for ever, and what
 * a trial that is not done goes on from, or would when it is tried again. Everything else may be collected.
 */
export function referencedWeights({ jobs, models, tasks }: Naming): Map<Sha1, string> {
  const needed = new Map<Sha1, string>()
  for (const { job, checkpoints } of jobs) {
    for (const [i, checkpoint] of checkpoints.entries())
      if (checkpoint !== null) needed.set(checkpoint.sha1, `the next attempt of trial ${i} of job ${job.number}`)
    for (const { index, sha1 } of job.trials) if (sha1 !== null) needed.set(sha1, `trial ${index} of job ${job.number}`)
  }
  for (const { model } of models) {
    for (const { name, sha1 } of model.artifacts ?? []) needed.set(sha1, `${name} of a model of ${model.task}`)
    needed.set(model.sha1, `a model of ${model.task}`)
  }
  for (const { task, deployments } of tasks)
    for (const { sha1, revision } of deployments) needed.set(sha1, `deployment ${revision} of ${task.name}`)
  return needed
}
