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
 * The one answer to "which weights are needed", each with who needs it: those of every model for ever, deployed ones with it,
 * and what unfinished trials go on from. Everything else may be collected.
 */
export function referencedWeights({ jobs, models, tasks }: Naming): Map<Sha1, string> {
  const needed = new Map<Sha1, string>()
  for (const { job } of jobs)
    for (const trial of job.trials)
      if (trial.sha1 !== null) needed.set(trial.sha1, `trial ${trial.index} of job ${job.number}`)
  for (const { model } of models) needed.set(model.sha1, `a model of ${model.task}`)
  for (const { task, deployments } of tasks)
    for (const { sha1, revision } of deployments) needed.set(sha1, `deployment ${revision} of ${task.name}`)
  return needed
}
