import { isFinal, type Reproduced, shortSha1 } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import type { JobRecord } from '../core/records.ts'
import { assertSameTask, configOf, trialToRepeat } from '../core/reproductions.ts'
import { changeModels } from './changes.ts'
import type { Store } from './context.ts'
import { modelOf } from './deploying.ts'
import { enqueue, notebookOf } from './launching.ts'
import { noteWeights } from './upkeep.ts'

/** Who asks: a person, or a notebook for itself. */
export interface Asking {
  /** The one notebook that may be asked; null: any. */
  readonly only: string | null
  readonly requestId: string | null
}

/**
 * Launches a job of one trial that trains a model again, with the params, seed and engine of the trial that made it, on its notebook;
 * or answers the job that is at it. Throws StoreError E_NOT_FOUND, E_STATE (damaged weights, no trial of this store, other
 * hyperparameters), E_GONE, E_TASK, E_SCOPE.
 */
export async function reproduce(
  store: Store,
  name: string,
  { only, requestId }: Asking,
): Promise<{ record: JobRecord; created: boolean }> {
  const { sha1 } = modelOf(store, name).model
  const isWhole = (await store.storage.blobs.find(sha1)) !== null
  await noteWeights(store, sha1, isWhole)
  // From here on nothing is awaited until the job is in its place, so that two who ask at once get one job.
  const { model } = modelOf(store, name)
  if (!isWhole)
    throw new StoreError(
      'E_STATE',
      `model ${shortSha1(sha1)}`,
      'weights that are intact',
      'damaged ones: launch its trial again with its seed to heal them',
    )
  const isThere = (notebook: string): boolean => (store.notebooks.get(notebook)?.notebook.state ?? 'gone') !== 'gone'
  const made = trialToRepeat(model, (id) => store.jobs.get(id), isThere, only)
  const { notebook } = notebookOf(store, made.job.notebook)
  assertSameTask(notebook, model)
  const twin = store.jobs.queue(notebook.name).find(({ job }) => job.reproduces?.sha1 === sha1 && !isFinal(job.state))
  if (twin) return { record: twin, created: false }
  const { seed } = made.job
  const config = configOf(notebook.schema, made.params, seed)
  const reproduces = { sha1, engine: model.engine, result: null }
  // Where the trial began with another model's weights, so does this one.
  const newData = made.job.newData && {
    ...made.job.newData,
    by: 'person' as const,
    reason: 'as the trial that it repeats',
  }
  const launched = { config, seed, requestId, reproduces, ...(newData && { newData }) }
  return { record: await enqueue(store, notebook, launched), created: true }
}

/** Says on the model what came of training it again. Only under the lock of its task. */
export async function noteReproduced(store: Store, { job }: JobRecord, result: Reproduced | null): Promise<void> {
  const known = store.models.get(job.reproduces?.sha1 ?? '')
  if (!result || !known) return
  await changeModels(store, [{ ...known, model: { ...known.model, reproduced: { job: job.id, ...result } } }])
}
