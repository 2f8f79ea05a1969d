import { createTrainer } from '@pawprint/engine'
import type { DataViolation, FromAgent, Metrics } from '@pawprint/protocol'
import { violationText } from './dataReport.ts'
import type { Dataset } from './datasets/types.ts'
import { AgentError } from './errors.ts'
import type { FolderData } from './folderData.ts'
import { percent } from './format.ts'
import type { Times } from './times.ts'
import { type Assignment, refOf, titleOf } from './trial/assignment.ts'
import { Abandoned, type Ended, type ExecuteSettings, executeTrial, type Prepared } from './trial/execute.ts'
import { reevaluate } from './trial/reevaluate.ts'
import type { StepNumbers } from './trial/run.ts'
import type { LogLevel, NotebookDefinition } from './types.ts'
import type { ViewEvent } from './view/board.ts'
import type { Delivery, Supplies } from './wire/delivery.ts'
import { downloadCheckpoint, downloadNetwork, downloadWeights } from './wire/download.ts'
import type { CallSettings } from './wire/http.ts'
import { attemptKey, type Outcome } from './wire/letters.ts'
import type { StoreAddress } from './wire/token.ts'
import { uploadFile } from './wire/upload.ts'

/** Where trials of a notebook run, and to whom they tell. */
export interface JobContext {
  readonly definition: NotebookDefinition
  /** What its data are not as expected in: with any, nothing is trained. */
  readonly violations: readonly DataViolation[]
  readonly data: Pick<FolderData, 'of'>
  readonly address: StoreAddress
  readonly times: Times
  readonly wallMs: () => number
  readonly nowMs: () => number
  readonly random: () => number
  readonly delivery: Pick<Delivery, 'add' | 'end' | 'checkpoint'>
  /** See CallSettings. */
  readonly line: () => AbortSignal
  /** Sends what may be lost. */
  readonly sendLight: (message: FromAgent) => void
  readonly show: (event: ViewEvent) => void
}

/** Ten points a second of each curve. */
const METRIC_EVERY_MS = 100

/** Runs one assignment from its start to its outcome, which is put into the outbox. Never rejects. */
export async function executeAssignment(
  context: JobContext,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<void> {
  const { delivery, show } = context
  const ref = refOf(assignment)
  const key = attemptKey(ref)
  const { params, jobNumber, trials, trial } = assignment
  if (assignment.newData === undefined && context.violations.length > 0) return refuseData(context, assignment)
  let isOver = false
  show({ type: 'started', key, jobNumber, trials, trial, params, nowMs: context.nowMs() })
  const settings = settingsFor(context, assignment, signal)
  const ended = await executeTrial({
    ...settings,
    addRecord: (record) => {
      // A train function that was stopped may go on by itself; nobody listens any more.
      if (!isOver && !(signal.reason instanceof Abandoned)) delivery.add(ref, record)
    },
  })
  isOver = true
  if (ended !== null) delivery.end(ref, ended.outcome, suppliesOf(context, trial, settings, ended))
  show({ type: 'ended', key, text: `${titleOf(trial)}: ${ended === null ? 'given up' : sayOutcome(ended.outcome)}` })
}

/** Stops the whole job: each of its trials would train on the same data. */
function refuseData({ violations, delivery, show, wallMs }: JobContext, assignment: Assignment): void {
  const ref = refOf(assignment)
  const time = new Date(wallMs()).toISOString()
  for (const violation of violations)
    delivery.add(ref, { kind: 'log', time, level: 'error', text: violationText(violation) })
  const reason = 'the data are not as the notebook expects them'
  delivery.end(ref, { type: 'cancelled', reason })
  show({ type: 'notice', text: `job ${assignment.jobNumber} is stopped: ${reason}` })
}

function suppliesOf(
  context: JobContext,
  trial: number,
  { upload }: Pick<ExecuteSettings, 'upload'>,
  { files, testSet }: Ended,
): Supplies | undefined {
  if (files === undefined || testSet === undefined) return undefined
  const tell = (text: string): void => context.show({ type: 'notice', text: `${titleOf(trial)}: ${text}` })
  return {
    async uploadAgain(signal) {
      tell('the store has lost the weights, uploading them again')
      for (const file of files) await upload(file, signal, (reason) => tell(`upload waits: ${reason}`))
    },
    reevaluate(sha1, signal) {
      tell(`measures the deployed model ${sha1.slice(0, 7)} on this test set of ${testSet.labels.length} images`)
      const settings = callSettings(context, signal, (reason) => tell(`the deployed model waits: ${reason}`))
      return reevaluate(sha1, {
        testSet,
        classNames: context.definition.task.classNames,
        signal,
        downloadNetwork: (of) => downloadNetwork(of, settings),
        downloadWeights: (of) => downloadWeights(of, settings),
      })
    },
  }
}

function callSettings(
  { address, times, random, line }: JobContext,
  signal: AbortSignal,
  onRetry: CallSettings['onRetry'],
): CallSettings {
  return { address, backoff: times.reconnect, random, signal, line, onRetry }
}

function sayOutcome(outcome: Outcome): string {
  if (outcome.type !== 'done') return `${outcome.type}, ${outcome.reason}`
  const { sha1, metrics } = outcome.model
  return `done, ${sha1.slice(0, 7)}, test accuracy ${percent(metrics.testAccuracy ?? Number.NaN)}`
}

function settingsFor(
  context: JobContext,
  assignment: Assignment,
  signal: AbortSignal,
): Omit<ExecuteSettings, 'addRecord'> {
  const { times, nowMs } = context
  const key = attemptKey(assignment)
  let sentMs = Number.NEGATIVE_INFINITY
  return {
    assignment,
    prepare: (log) => prepare(context, assignment, log),
    thumbnails: context.definition.evaluation?.thumbnails !== false,
    signal,
    createTrainer,
    showNotice: (text) => context.show({ type: 'notice', text: `${titleOf(assignment.trial)}: ${text}` }),
    nowMs,
    timeOf: () => new Date(context.wallMs()).toISOString(),
    metricEveryMs: METRIC_EVERY_MS,
    onProgress(progress, numbers) {
      if (signal.aborted) return
      context.show({ type: 'progress', key, progress, numbers, nowMs: nowMs() })
      if (nowMs() - sentMs < times.progressMs && progress < 1) return
      sentMs = nowMs()
      context.sendLight({ type: 'progress', ...refOf(assignment), progress, metrics: finiteOf(numbers) })
    },
    checkpointEveryMs: times.checkpointEveryMs,
    lastCheckpointMs: times.lastCheckpointMs,
    upload: (file, uploadSignal, onRetry) => uploadFile(file, callSettings(context, uploadSignal, onRetry)),
    download: (onRetry) =>
      downloadCheckpoint(assignment, assignment.checkpoint?.sha1 ?? '', callSettings(context, signal, onRetry)),
    downloadWeights: (sha1, onRetry) => downloadWeights(sha1, callSettings(context, signal, onRetry)),
    downloadNetwork: (sha1, onRetry) => downloadNetwork(sha1, callSettings(context, signal, onRetry)),
    tellCheckpoint: (uploaded) => context.delivery.checkpoint(refOf(assignment), uploaded),
  }
}

/** Finds the data of a trial, and says which they are when they were read anew. */
async function prepare(
  { definition: { train }, data: source }: JobContext,
  assignment: Assignment,
  log: (text: string, level: LogLevel) => void,
): Promise<Prepared> {
  const { data, task, violations } = await source.of(assignment)
  const [violation] = violations
  if (violation !== undefined)
    throw new AgentError('E_TRAIN', 'data', 'data as the notebook expects them', violationText(violation))
  if (assignment.newData !== undefined && data !== undefined) {
    const [training, test] = [data.train, data.test].map(({ labels }) => labels.length.toLocaleString('en'))
    log(
      `new data: ${training} images to train, ${test} to test, of ${task.classNames.join(', ').slice(0, 400)}`,
      'info',
    )
    if (data.notice !== undefined) log(data.notice, 'warn')
  }
  // Without data in its registration, a train function takes none.
  return { task, train: (trial) => train(trial, data as Dataset), data: data?.folder?.contents.id }
}

function finiteOf({ loss, accuracy, validationLoss, validationAccuracy }: StepNumbers): Metrics {
  const all = Object.entries({ loss, accuracy, validationLoss, validationAccuracy })
  return Object.fromEntries(all.filter((entry): entry is [string, number] => Number.isFinite(entry[1])))
}
