import { type FromAgent, ProtocolError, shortSha1, type Verdict } from '@pawprint/protocol'
import { StoreError } from '../core/error.ts'
import { currentOf, type ModelRecord } from '../core/records.ts'
import { addSeconds } from '../core/registry.ts'
import { resultOf, sayResult, withResult } from '../core/reproductions.ts'
import { standingOf } from '../core/standing.ts'
import { failTrial, finishTrial } from '../core/trials.ts'
import { checkWeights } from '../core/weights.ts'
import { failpoint } from '../storage/failpoint.ts'
import type { BlobInfo } from '../storage/storage.ts'
import { changeJobs, changeModels, DOCUMENTS, saveJob, saveRegistry, say } from './changes.ts'
import { removeCheckpoint } from './checkpoints.ts'
import { type Store, timeOf } from './context.ts'
import { appendDeployment, judgeNow, lockOf, showCurrent, taskOf, withVerdict } from './deploying.ts'
import { dispatch } from './dispatching.ts'
import { isOrigin, madeAgain, modelFrom } from './modelRecords.ts'
import { noteTrained } from './newData.ts'
import { candidateOf, noteReevaluations, requireComparable } from './reevaluating.ts'
import { noteReproduced } from './reproducing.ts'
import { jobOfAttempt, tellDropped } from './training.ts'

type Done = Extract<FromAgent, { type: 'done' }>

/**
 * What a finished attempt leaves: the model is checked, kept, judged and perhaps deployed, and its trial is done. Resolves with
 * the verdict when all is on disk. Repeating it is harmless. A fenced attempt's model is kept as `late`.
 * Throws StoreError E_LEASE, E_NO_WEIGHTS (upload, then say it again), E_REEVALUATE (as `requireComparable` does), ProtocolError E_SAFETENSORS (the trial has failed).
 */
export async function publish(store: Store, message: Done): Promise<Verdict> {
  const { job } = jobOfAttempt(store, message)
  const { sha1, artifacts = [] } = message.model
  const claims = [{ sha1 }, ...artifacts]
  for (const claim of claims) store.claims.add(claim)
  try {
    const finite = await check(store, message, await weightsOf(store, message))
    return await store.lock(lockOf(job.task), () => keep(store, message, finite))
  } finally {
    for (const claim of claims) store.claims.delete(claim)
  }
}

/** The weights; whatever else the report names is there, too. */
async function weightsOf(store: Store, { model }: Done): Promise<BlobInfo> {
  const blob = await store.storage.blobs.claim(model.sha1)
  if (!blob) throw new StoreError('E_NO_WEIGHTS', 'model.sha1', 'uploaded weights', `${model.sha1} is not here`)
  for (const [i, { sha1, sizeBytes }] of (model.artifacts ?? []).entries()) {
    const file = await store.storage.blobs.claim(sha1)
    if (file?.sizeBytes === sizeBytes) continue
    const got = file ? `one of ${file.sizeBytes} bytes` : `${sha1} is not here`
    throw new StoreError('E_NO_WEIGHTS', `model.artifacts[${i}]`, `an uploaded file of ${sizeBytes} bytes`, got)
  }
  return blob
}

async function check(store: Store, message: Done, blob: BlobInfo): Promise<boolean> {
  const known = store.models.get(blob.sha1)
  if (known) return known.model.finite
  try {
    return (await checkWeights(store.storage.blobs.read(blob.sha1), blob.sizeBytes)).finite
  } catch (error) {
    if (error instanceof ProtocolError) await failBadWeights(store, message, error)
    throw error
  }
}

async function failBadWeights(store: Store, message: Done, error: ProtocolError): Promise<void> {
  const before = store.jobs.get(message.job)
  if (!before || standingOf(before, message) !== 'owner') return
  const reason = `The weights are no canonical safetensors file: ${error.message}`
  const changed = changeJobs(store, before.job.notebook, [
    failTrial(before, message.trial, reason, true, timeOf(store)),
  ])
  await Promise.all([changed, say(store, message.job, reason, message.trial, 'error')])
  await dispatch(store, before.job.notebook)
}

async function keep(store: Store, message: Done, finite: boolean): Promise<Verdict> {
  // A clearing that went before may have taken the job, or only the weights along.
  jobOfAttempt(store, message)
  const blob = await weightsOf(store, message)
  const job = jobOfAttempt(store, message)
  const late = standingOf(job, message) !== 'owner'
  const known = store.models.get(blob.sha1)
  if (late && known && isOrigin(known, message)) {
    await Promise.all([saveJob(store, message.job), changeModels(store, [known])])
    return known.model.verdict
  }
  if (known && known.model.task !== job.job.task)
    throw new StoreError('E_TASK', 'model.sha1', `weights of task ${job.job.task}`, `a model of ${known.model.task}`)
  if (!late) {
    await noteReevaluations(store, job.job.task, message)
    requireComparable(
      store,
      job.job.task,
      message,
      candidateOf(store, job.job.task, message, { ...message.model, finite }, late),
    )
  }
  const record = known ? await madeAgain(store, known, message, late) : modelFrom(store, message, job, blob, finite)
  const verdict = await settle(store, message, record, late)
  failpoint('publish.beforeEnd')
  if (!late) await finish(store, message, verdict, resultOf(job, blob.sha1, timeOf(store)))
  else
    await say(
      store,
      message.job,
      `Late result ${shortSha1(blob.sha1)} of attempt ${message.attempt} kept.`,
      message.trial,
    )
  return verdict
}

/** Puts model and verdict on disk: details, record, deployment, in this order, so that none names what is not there. */
async function settle(store: Store, message: Done, record: ModelRecord, late: boolean): Promise<Verdict> {
  const { model } = record
  const { topology, evaluation, testSet } = message.model
  // Measured again: the evaluation goes with the metrics.
  if (!late || !store.models.has(model.sha1))
    await store.storage.documents.write(DOCUMENTS.details(model.sha1), { topology, evaluation, testSet })
  const { code } = model.verdict
  const judgement = judgeNow(store, model.task, model.sha1, candidateOf(store, model.task, message, model, late))
  const verdict: Verdict = { ...judgement, at: timeOf(store) }
  // What served keeps its history, and what is about to serve says so once it does; the attempt is told the verdict anyhow.
  const served = code === 'replaced' || code === 'rolled-back'
  await changeModels(store, [verdict.deployed || served ? record : withVerdict(record, verdict)])
  failpoint('publish.afterModel')
  if (currentOf(taskOf(store, model.task))?.sha1 === model.sha1) await showCurrent(store, model.task)
  else if (verdict.deployed) await appendDeployment(store, model.task, model, 'auto', verdict.reason)
  return verdict
}

const sizeText = (bytes: number): string => {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, 'kB'] : [bytes / 1e6, 'MB']
  return `${value.toFixed(1)} ${unit}`
}

/** Ends the trial, says so in the log, and lets the next one begin. */
async function finish(
  store: Store,
  message: Done,
  verdict: Verdict,
  result: ReturnType<typeof resultOf>,
): Promise<void> {
  const { model, trial } = message
  // On the model first: said again after a crash in between, it is recorded on both.
  const asked = store.jobs.get(message.job)
  if (asked) await noteReproduced(store, asked, result)
  const before = store.jobs.get(message.job)
  if (!before || standingOf(before, message) !== 'owner') return
  const { notebook, reproduces } = before.job
  const record = store.notebooks.get(notebook)
  if (record) store.notebooks.set(notebook, addSeconds(record, message.seconds))
  if (message.data !== undefined && !reproduces) noteTrained(store, notebook, message.data)
  const blobBytes = store.models.get(model.sha1)?.model.sizeBytes ?? 0
  const text = `Uploaded ${shortSha1(model.sha1)} (${sizeText(blobBytes)}), ${verdict.deployed ? 'deployed' : 'not deployed'}: ${verdict.reason}.`
  const dropped = tellDropped(store, message)
  const done = finishTrial(before, trial, model.sha1, model.metrics, timeOf(store))
  const changed = changeJobs(store, notebook, [withResult(done, result)])
  const lines = result && reproduces ? [text, sayResult(reproduces.sha1, result)] : [text]
  const said = lines.map((line) => say(store, message.job, line, trial))
  await Promise.all([changed, dropped, saveRegistry(store), ...said])
  await removeCheckpoint(store, before.checkpoints[trial])
  store.hub.publish({ type: 'notebook', name: notebook })
  await dispatch(store, notebook)
}
