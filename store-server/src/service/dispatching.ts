import type { Job, ToAgent } from '@pawprint/protocol'
import type { JobRecord } from '../core/records.ts'
import { assignments } from '../core/scheduler.ts'
import { startTrial, withData } from '../core/trials.ts'
import { StorageError } from '../storage/storage.ts'
import { changeJobs } from './changes.ts'
import { type Store, timeOf } from './context.ts'

const CLOSE_TRY_AGAIN = 1013

/** What a kernel is told to run: the present attempt of a trial. */
export function runMessage(record: JobRecord, index: number): Extract<ToAgent, { type: 'run' }> {
  const trial = record.job.trials[index]
  if (!trial) throw new RangeError(`trial ${index} of job ${record.job.id}`)
  const { id, number, seed, trials, reproduces, newData } = record.job
  const checkpoint = record.checkpoints[index]
  return {
    type: 'run',
    job: id,
    trial: index,
    attempt: trial.attempt,
    lease: record.leases[index]?.[trial.attempt - 1] ?? '',
    jobNumber: number,
    trials: trials.length,
    params: trial.params,
    seed,
    ...(checkpoint ? { checkpoint: { sha1: checkpoint.sha1, step: checkpoint.step } } : {}),
    ...(reproduces ? { engine: reproduces.engine } : {}),
    ...(newData ? { newData: { initialWeights: newData.initialWeights } } : {}),
  }
}

/** Starts as many waiting trials as the notebook has free slots. A trial is told to the kernel once its lease is on disk. */
export async function dispatch(store: Store, name: string): Promise<void> {
  const link = store.links.get(name)
  const notebook = store.notebooks.get(name)
  if (!link?.ready || !notebook) return
  const chosen = assignments(store.jobs.queue(name), notebook.slots)
  const id = chosen[0]?.job
  const before = id === undefined ? undefined : store.jobs.get(id)
  if (id === undefined || !before) return
  const started = chosen.reduce(
    (record, { trial }) => startTrial(record, trial, store.world.newId(), timeOf(store)),
    withData(before, notebook.notebook.data),
  )
  try {
    await changeJobs(store, name, [started])
  } catch (error) {
    // When it comes back it is given what it does not have.
    if (error instanceof StorageError) link.close(CLOSE_TRY_AGAIN, 'the store cannot write')
    throw error
  }
  const isStill = (job: Job, trial: number, attempt: number) =>
    job.trials[trial]?.state === 'running' && job.trials[trial]?.attempt === attempt
  for (const { trial } of chosen) {
    const present = store.jobs.get(id)
    if (!present || store.links.get(name) !== link) return
    const { attempt } = runMessage(started, trial)
    if (isStill(present.job, trial, attempt)) link.send(runMessage(started, trial))
    // Stopped while its lease was written: the kernel never heard of it, but it must be told to say "cancelled".
    if (present.stopping) link.send({ type: 'stop', job: id, trial, attempt })
  }
}
