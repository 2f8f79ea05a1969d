import { EngineError, type Evaluation, type ImageSet } from '@pawprint/engine'
import { parse, Sha1 } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { duration, paramsText, percent } from '../format.ts'
import type { Task, Trial } from '../types.ts'
import type { Outcome, Uploaded } from '../wire/letters.ts'
import type { Upload } from '../wire/upload.ts'
import { bringArtifacts } from './artifacts.ts'
import { titleOf } from './assignment.ts'
import { readCheckpoint, type SavedTrial } from './checkpointFile.ts'
import { type Checkpoints, createCheckpoints } from './checkpoints.ts'
import { withConsole } from './console.ts'
import { modelReport, weightsFile } from './modelReport.ts'
import { describe, messageOf, stackOf } from './thrown.ts'
import { bringThumbnails } from './thumbnails.ts'
import { lineWriter, type OpenTrial, openTrial, type TrialSettings } from './trial.ts'

/** Why a trial is broken off without an outcome: another kernel has it, or this one is shut down and the store starts it anew. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
  /** Whether another attempt may go on from where this one ends. */
  readonly hasSuccessor: boolean

  constructor(message: string, { hasSuccessor }: { readonly hasSuccessor: boolean }) {
    super(message)
    this.hasSuccessor = hasSuccessor
  }
}

/** What is trained, once that is known. */
export interface Prepared {
  readonly task: Task
  readonly train: (trial: Trial) => Promise<Evaluation>
  /** Names the images of folders that it is trained on. */
  readonly data?: string | undefined
}

export interface ExecuteSettings extends Omit<TrialSettings, 'onCheckpoint' | 'onNotice' | 'task'> {
  /** Asked once, when the trial has begun. What it throws is the trial's failure. */
  readonly prepare: (log: OpenTrial['log']) => Promise<Prepared>
  /** Shows a notice beside the progress; it is in the log already. */
  readonly showNotice: (notice: string) => void
  /** Whether small pictures of the test set go to the store. */
  readonly thumbnails: boolean
  readonly upload: (file: Upload, signal: AbortSignal, onRetry: (reason: string) => void) => Promise<void>
  /** The checkpoint that the assignment names; null when the store has it no more. */
  readonly download: (onRetry: (reason: string) => void) => Promise<Uint8Array | null>
  /** Tells the store of an uploaded checkpoint. */
  readonly tellCheckpoint: (uploaded: Uploaded) => void
  /** How long a trial that is stopped may bring its last checkpoint to the store. */
  readonly lastCheckpointMs: number
}

/** How a trial ended; `files` are what its model consists of at the store, `testSet` is what it was measured on. */
export interface Ended {
  readonly outcome: Outcome
  readonly files?: readonly Upload[]
  readonly testSet?: ImageSet
}

/** Trains one trial and brings its weights to the store. Never rejects: every end is an outcome, or null when abandoned. */
export async function executeTrial(settings: ExecuteSettings): Promise<Ended | null> {
  const { assignment, signal, nowMs } = settings
  const title = titleOf(assignment.trial)
  const log = lineWriter(settings)
  const startedMs = nowMs()
  const checkpoints = createCheckpoints({
    upload: (file, uploadSignal) => settings.upload(file, uploadSignal, () => undefined),
    tell: settings.tellCheckpoint,
    onFailed: (error) => log(`${title}: no checkpoint was kept: ${describe(error)}`, 'warn'),
    nowMs,
  })
  let isTold = false
  const onNotice = (notice: string): void => {
    // It names a layer, and layers of a second model or another run have other names.
    if (isTold) return
    isTold = true
    log(`${title}: ${notice}`, 'warn')
    settings.showNotice(notice)
  }
  const run = async (prepared: Prepared, before: SavedTrial | undefined): Promise<Ended> => {
    const ended = await runTrain(
      { ...settings, ...prepared, onCheckpoint: checkpoints.save, onNotice },
      before,
      startedMs,
    )
    // Were it broken off, the store would keep a part of it for a day.
    await checkpoints.drain()
    return ended
  }
  try {
    log(`${title}: ${paramsText(assignment.params)}, seed ${assignment.seed}`, 'info')
    const prepared = await orAborted(signal, () => settings.prepare((text, level) => log(`${title}: ${text}`, level)))
    const before = await findCheckpoint(settings, log)
    try {
      return await run(prepared, before)
    } catch (error) {
      if (!(error instanceof CannotResume)) throw error
      log(`${title}: begins anew, since the checkpoint does not fit: ${error.message}`, 'warn')
      return await run(prepared, undefined)
    }
  } catch (error) {
    if (signal.aborted) return await leave(settings, checkpoints)
    log(`${title}: ${stackOf(error)}`, 'error')
    await checkpoints.finish(settings.lastCheckpointMs)
    return { outcome: { type: 'failed', reason: describe(error), permanent: true } }
  } finally {
    checkpoints.close()
  }
}

/** A trial that was told to end: what it has done so far is kept for the next attempt. */
async function leave({ signal, lastCheckpointMs }: ExecuteSettings, checkpoints: Checkpoints): Promise<Ended | null> {
  const { reason } = signal
  if (reason instanceof Abandoned && !reason.hasSuccessor) return null
  await checkpoints.finish(lastCheckpointMs)
  return reason instanceof Abandoned ? null : { outcome: { type: 'cancelled', reason: messageOf(reason) } }
}

/** The train function cannot be brought to where the checkpoint was taken. */
class CannotResume extends Error {}

async function findCheckpoint(
  { assignment, download, signal }: ExecuteSettings,
  log: OpenTrial['log'],
): Promise<SavedTrial | undefined> {
  const { checkpoint, trial } = assignment
  if (checkpoint === undefined) return undefined
  const title = titleOf(trial)
  try {
    const bytes = await download((reason) => log(`${title}: the checkpoint waits: ${reason}`, 'warn'))
    if (bytes === null) throw new AgentError('E_CHECKPOINT', 'checkpoint', checkpoint.sha1, 'none at the store')
    const before = readCheckpoint(bytes)
    log(`${title}: goes on from step ${before.checkpoint.step}`, 'info')
    return before
  } catch (error) {
    signal.throwIfAborted()
    log(`${title}: begins anew: ${messageOf(error)}`, 'warn')
    return undefined
  }
}

/** One run of the train function. Throws CannotResume when that must be repeated without a checkpoint. */
async function runTrain(
  settings: ExecuteSettings & TrialSettings & Prepared,
  before: SavedTrial | undefined,
  startedMs: number,
): Promise<Ended> {
  const { assignment, signal, train } = settings
  const open = openTrial(settings, before)
  const title = titleOf(assignment.trial)
  try {
    const write: OpenTrial['log'] = (text, level) => open.log(`${title}: ${text}`, level)
    const answer = await withConsole(write, () => orAborted(signal, async () => train(open.trial)))
    if (open.cannotResume !== undefined) throw open.cannotResume
    return await publish(settings, open, answer, startedMs)
  } catch (error) {
    // Another version of the engine may keep other numbers.
    const misfit = open.cannotResume ?? (error instanceof EngineError && error.at === 'from' ? error : undefined)
    throw misfit === undefined || signal.aborted ? error : new CannotResume(misfit.message)
  } finally {
    // The trial has its end, whatever becomes of its worker.
    await open.close().catch((error: unknown) => open.log(`${title}: ${stackOf(error)}`, 'warn'))
  }
}

async function publish(
  settings: ExecuteSettings & Prepared,
  open: OpenTrial,
  answer: unknown,
  startedMs: number,
): Promise<Ended> {
  const { assignment, signal, task, nowMs, data } = settings
  const title = titleOf(assignment.trial)
  const finished = await open.finish(answer)
  const seconds = (nowMs() - startedMs) / 1000
  open.log(`${title}: trained in ${duration(seconds)}, test accuracy ${percent(finished.evaluation.accuracy)}`, 'info')
  const file = weightsFile(finished.weights)
  const model = await modelReport(finished, task, file.sha1, nowMs)
  const upload = (one: Upload): Promise<void> =>
    settings.upload(one, signal, (reason) => open.log(`${title}: upload waits: ${reason}`, 'warn'))
  await upload(file)
  const { trainer, weights, normalisation, testSet, evaluation } = finished
  const onLeftOut = (name: string, error: unknown): void =>
    open.log(`${title}: no ${name} file: ${messageOf(error)}`, 'warn')
  const bringing = { upload, signal, onLeftOut }
  const saved = { topology: trainer.topology, weights, ...(normalisation && { normalisation }) }
  const exports = await bringArtifacts(saved, bringing)
  const shown = settings.thumbnails
    ? await bringThumbnails(testSet, evaluation.probabilities, model.evaluation, bringing)
    : null
  const artifacts = shown === null ? exports : [...exports, shown.file]
  const named = artifacts.map(({ name, sha1, bytes }) => ({ name, sha1: parse(Sha1, sha1), sizeBytes: bytes.length }))
  return {
    // An empty list: the store may ask for others to be measured on this test set.
    outcome: {
      type: 'done',
      model: { ...model, evaluation: shown?.evaluation ?? model.evaluation, artifacts: named },
      seconds,
      reevaluations: [],
      ...(data && { data }),
    },
    files: [file, ...artifacts],
    testSet,
  }
}

/** `body`'s result, or the signal's reason as soon as it aborts: a train function may wait for what never comes. */
function orAborted<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    if (signal.aborted) reject(signal.reason)
    else body().then(resolve, reject)
  })
}
