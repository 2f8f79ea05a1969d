import {
  type FromAgent,
  type Intervals,
  type Model,
  ModelEvaluation,
  ProtocolError,
  parse,
  TestSet,
} from '@pawprint/protocol'
import type { JobRecord, ModelRecord } from '../core/records.ts'
import { measuredAgain } from '../core/reevaluations.ts'
import { type BlobInfo, StorageError } from '../storage/storage.ts'
import { type Store, timeOf } from './context.ts'
import { readDetails } from './deploying.ts'

type Done = Extract<FromAgent, { type: 'done' }>

/** The model's record with this attempt among its origins; equal weights are one model. */
export function modelFrom(store: Store, message: Done, job: JobRecord, blob: BlobInfo, finite: boolean): ModelRecord {
  const now = timeOf(store)
  const { topology: _topology, evaluation: _evaluation, ...report } = message.model
  const model: Model = {
    ...report,
    sha256: blob.sha256,
    sizeBytes: blob.sizeBytes,
    task: job.job.task,
    origins: [{ job: message.job, trial: message.trial, attempt: message.attempt, at: now }],
    params: job.job.trials[message.trial]?.params ?? {},
    seed: job.job.seed,
    finite,
    verdict: { deployed: false, code: 'not-better', reason: 'not judged yet', at: now },
    createdAt: now,
  }
  return { model, number: ++store.counters.models, served: false }
}

/** Whether this attempt has made it before. */
export const isOrigin = (record: ModelRecord, message: Done): boolean =>
  record.model.origins.some(
    ({ job, trial, attempt }) => job === message.job && trial === message.trial && attempt === message.attempt,
  )

/** A known model, made once more. Measured on other images than before, it keeps its figures of those, with their intervals. */
export async function madeAgain(store: Store, known: ModelRecord, message: Done, late: boolean): Promise<ModelRecord> {
  const { metrics, testSet, artifacts = [] } = message.model
  const { job, trial, attempt } = message
  const origin = { job, trial, attempt, at: timeOf(store) }
  const origins = [...known.model.origins, ...(isOrigin(known, message) ? [] : [origin])]
  if (late) return { ...known, model: { ...known.model, origins } }
  const files = artifacts.length > 0 ? { artifacts } : {}
  // What was measured last is what candidates are compared with.
  const measured = measuredAgain(known.model, { metrics, testSet }, await intervalsOf(store, known.model))
  return { ...known, model: { ...measured, origins, ...files } }
}

/** Of the figures that a model has so far; undefined where its agent told none, or what is kept of them is of another set already. */
async function intervalsOf(store: Store, { sha1, testSet }: Model): Promise<Intervals | undefined> {
  try {
    const details = await readDetails(store, sha1)
    if (details.testSet === null || details.evaluation === null) return undefined
    if (parse(TestSet, details.testSet).fingerprint !== testSet.fingerprint) return undefined
    return parse(ModelEvaluation, details.evaluation).intervals
  } catch (error) {
    // What is damaged, or was taken by other rules once, is about to be written anew.
    if (error instanceof ProtocolError || (error instanceof StorageError && error.code === 'E_CORRUPT'))
      return undefined
    throw error
  }
}
