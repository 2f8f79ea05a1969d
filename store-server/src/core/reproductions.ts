import {
  type Config,
  type Field,
  type Job,
  type Model,
  type Notebook,
  type Params,
  type Reproduced,
  resolveConfig,
  type Sha1,
  shortSha1,
} from '@pawprint/protocol'
import { StoreError } from './error.ts'
import type { JobRecord } from './records.ts'

/** A trial that made a model, with its job. */
export interface Made {
  readonly job: Job
  readonly params: Params
}

/**
 * The trial to repeat: the first that made the model on a notebook that may be asked. Throws StoreError E_STATE when no trial of
 * this store made it, E_SCOPE when only other notebooks did, E_GONE when none of its notebooks runs.
 */
export function trialToRepeat(
  { sha1, origins }: Pick<Model, 'sha1' | 'origins'>,
  jobOf: (id: string) => JobRecord | undefined,
  isThere: (notebook: string) => boolean,
  only: string | null,
): Made {
  const made = origins.flatMap(({ job: id, trial }): Made[] => {
    const job = jobOf(id)?.job
    const params = job?.trials[trial]?.params
    return job && params ? [{ job, params }] : []
  })
  const at = `model ${shortSha1(sha1)}`
  const [first] = made
  if (!first) throw new StoreError('E_STATE', at, 'a model that a trial of this store made', 'one without its trial')
  const own = made.filter(({ job }) => only === null || job.notebook === only)
  if (own.length === 0)
    throw new StoreError('E_SCOPE', at, `a model of notebook ${only}`, `one of ${first.job.notebook}`)
  const found = own.find(({ job }) => isThere(job.notebook))
  if (!found) throw new StoreError('E_GONE', `notebook ${own[0]?.job.notebook}`, 'a running kernel', 'one that is gone')
  return found
}

/** Throws StoreError E_TASK unless the notebook still trains models of that kind. */
export function assertSameTask(
  { name, task }: Pick<Notebook, 'name' | 'task'>,
  model: Pick<Model, 'task' | 'classNames'>,
): void {
  const [now, then] = [task, model].map(({ classNames }) => classNames.join(', ').slice(0, 200))
  if (task.name !== model.task)
    throw new StoreError('E_TASK', `notebook ${name}`, `task ${model.task}`, `task ${task.name}`)
  if (now !== then) throw new StoreError('E_TASK', `task ${task.name}`, `the classes ${then}`, `${now}`)
}

/**
 * The config whose one trial has exactly these params: nothing comes from the notebook's present values. Throws StoreError E_STATE
 * when the notebook has other hyperparameters now, ProtocolError E_CONFIG when a value is out of its range.
 */
export function configOf(schema: readonly Field[], params: Params, seed: number): Config {
  const odd = Object.keys(params).find((key) => !schema.some((field) => field.key === key))
  const missing = schema.find(({ key, default: usual }) => key !== 'SEED' && usual !== null && !(key in params))
  if (odd !== undefined)
    throw new StoreError('E_STATE', odd, 'a hyperparameter that the notebook still has', 'one that it lost')
  if (missing) throw new StoreError('E_STATE', missing.key, 'the hyperparameters that the notebook had', 'one more')
  return resolveConfig(schema, {}, { ...params, SEED: seed }).config
}

/** What is to be recorded of the weights that a job made, which is to reproduce a model; null for any other job. */
export const resultOf = ({ job }: JobRecord, made: Sha1, at: string): Reproduced | null =>
  job.reproduces ? { sha1: made, isSame: job.reproduces.sha1 === made, at } : null

/** The job's record with that. */
export function withResult(record: JobRecord, result: Reproduced | null): JobRecord {
  const { reproduces } = record.job
  return result && reproduces ? { ...record, job: { ...record.job, reproduces: { ...reproduces, result } } } : record
}

/** A sentence for the log. */
export function sayResult(sha1: Sha1, result: Reproduced): string {
  const short = shortSha1(sha1)
  return result.isSame
    ? `Reproduced ${short}: the same bytes.`
    : `Differs from ${short}: it made ${shortSha1(result.sha1)}.`
}
