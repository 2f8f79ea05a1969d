import type { CompileOptions, Epoch, Evaluation, Model, Trainer } from '@pawprint/engine'
import { type AttemptRecord, MAX_LOG_LINE_BYTES } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { cutText } from '../format.ts'
import type { LogLevel, Run, Task, Trial, TrialCompileOptions } from '../types.ts'
import { backendOf, titleOf } from './assignment.ts'
import type { SavedTrial } from './checkpointFile.ts'
import { createMemory, keyOf, withDigest } from './memory.ts'
import type { Finished } from './modelReport.ts'
import { type OpenRun, openRun, type RunSettings, type StepNumbers } from './run.ts'
import { type StoredWeightsSettings, storedWeights } from './storedWeights.ts'
import { type WarmStartSettings, withWarmStart } from './warmStart.ts'

export interface TrialSettings extends StoredWeightsSettings {
  readonly task: Task
  /** What is known of a stored model besides its weights. */
  readonly downloadNetwork: (
    sha1: string,
    onRetry: (reason: string) => void,
  ) => ReturnType<WarmStartSettings['network']>
  readonly createTrainer: (model: Model, options: CompileOptions) => Promise<Trainer>
  readonly addRecord: (record: AttemptRecord) => void
  /** Told what a person should know of how a model is trained, for each model. */
  readonly onNotice: (notice: string) => void
  readonly onProgress: (progress: number, numbers: StepNumbers) => void
  readonly metricEveryMs: number
  readonly timeOf: () => string
  readonly nowMs: () => number
  readonly checkpointEveryMs: number
  readonly onCheckpoint: (saved: SavedTrial, progress: number) => void
}

/** A trial under way: the handle that `train` gets, and what the agent needs of it. */
export interface OpenTrial {
  readonly trial: Trial
  log(text: string, level: LogLevel): void
  /** What is to be published of `train`'s answer. Throws AgentError E_TRAIN when that is no evaluation of this trial. */
  finish(answer: unknown): Promise<Finished>
  /** Why `train` cannot be brought back to its checkpoint; undefined while it can. */
  readonly cannotResume: AgentError | undefined
  /** Frees the workers. */
  close(): Promise<void>
}

/** Writes lines to the trial's log. */
export const lineWriter =
  ({ addRecord, timeOf }: Pick<TrialSettings, 'addRecord' | 'timeOf'>) =>
  (text: string, level: LogLevel): void =>
    addRecord({ kind: 'log', time: timeOf(), level, text: cutText(text, MAX_LOG_LINE_BYTES) })

/** `before` is what an earlier attempt left, to go on from. */
export function openTrial(settings: TrialSettings, before: SavedTrial | undefined): OpenTrial {
  const { assignment, signal, addRecord } = settings
  const runs: OpenRun[] = []
  let compiled = 0
  let isOver = false
  let cannotResume: AgentError | undefined
  const requireOpen = (): void => {
    signal.throwIfAborted()
    // A branch of `train` that nobody awaited may still be at it: its worker would never be closed.
    if (isOver) throw new AgentError('E_TRAIN', 'trial.compile', 'a trial under way', 'one that has ended')
  }
  const log = lineWriter(settings)
  const runSettings: Omit<RunSettings, 'memory' | 'before' | 'normalisation'> = {
    ...settings,
    // Models before the one that had got furthest are trained anew; their checkpoints must not take its place.
    onCheckpoint: (saved, progress) => {
      if (saved.run >= (before?.run ?? 0)) settings.onCheckpoint(saved, progress)
    },
    title: titleOf(assignment.trial),
    publish({ records, progress }, numbers) {
      records.forEach(addRecord)
      settings.onProgress(progress, numbers)
    },
  }
  const compile = async (model: Model, given: TrialCompileOptions): Promise<Run> => {
    requireOpen()
    const run = compiled++
    const options = run === 0 ? await begin(model, given) : given
    const trainer = await settings.createTrainer(model, {
      ...options,
      ...backendOf(assignment),
      seed: assignment.seed,
    })
    if (trainer.notice !== null) settings.onNotice(trainer.notice)
    // What another engine left has its weights in another order.
    const key = keyOf(trainer.topology, withDigest(options), assignment.seed, trainer.engine)
    const memory = createMemory(run, key, before?.run === run ? before : undefined, (error) => {
      cannotResume ??= error
    })
    const open: OpenRun = openRun(trainer, {
      ...runSettings,
      memory,
      normalisation: options.normalisation,
      before: () => sumOf(runs.filter((other) => other !== open)),
    })
    runs.push(open)
    if (signal.aborted || isOver) await open.close()
    requireOpen()
    return open.run
  }
  // Only the first model of a trial: what else it compiles, another phase or a teacher, has weights of its own.
  const begin = async (model: Model, options: TrialCompileOptions): Promise<TrialCompileOptions> => {
    const sha1 = assignment.newData?.initialWeights
    if (!sha1) return options
    const { classNames } = settings.task
    const title = titleOf(assignment.trial)
    const told: OpenTrial['log'] = (text, level) => log(`${title}: ${text}`, level)
    const network = () => settings.downloadNetwork(sha1, (reason) => told(`model ${sha1} waits: ${reason}`, 'warn'))
    const weights = () => storedWeights(sha1, settings, log)
    return withWarmStart(model, options, { sha1, classNames, network, weights, log: told })
  }
  const trial: Trial = {
    params: Object.freeze({ ...assignment.params }),
    seed: assignment.seed,
    index: assignment.trial,
    attempt: assignment.attempt,
    job: assignment.job,
    signal,
    compile,
    weights: (sha1) => storedWeights(sha1, settings, log),
    log: (text, level = 'info') => log(String(text), level),
    report: (epoch: Epoch) => runs.at(-1)?.report(epoch),
  }
  return {
    trial,
    log,
    finish: (answer) => finish(runs, answer, settings.task),
    get cannotResume() {
      return cannotResume
    },
    close: async () => {
      isOver = true
      await Promise.all(runs.map((run) => run.close()))
    },
  }
}

/** Epochs and steps of all runs. */
const sumOf = (runs: readonly OpenRun[]): { epochs: number; steps: number } => ({
  epochs: runs.reduce((sum, { trained }) => sum + trained.epochs, 0),
  steps: runs.reduce((sum, { trained }) => sum + (trained.lastEpoch?.step ?? 0), 0),
})

async function finish(runs: readonly OpenRun[], answer: unknown, task: Task): Promise<Finished> {
  const refuse = (expected: string, got: string): AgentError => new AgentError('E_TRAIN', 'train', expected, got)
  if (typeof answer !== 'object' || answer === null)
    throw refuse('to return the evaluation: return run.evaluate(data.test)', answer === null ? 'null' : typeof answer)
  for (const { trainer, normalisation, trained, testSetOf } of runs) {
    const testSet = testSetOf(answer)
    if (testSet === undefined) continue
    if (testSet === 'trained-on')
      throw refuse('an evaluation of the model as it is now', 'one from before it was trained further: evaluate again')
    const evaluation = answer as Evaluation
    const { classCount } = testSet
    if (classCount !== task.classNames.length)
      throw refuse(`a model of ${task.classNames.length} classes, as task ${task.name} has`, `${classCount}`)
    const { seconds, samples, lastEpoch } = trained
    const weights = await trainer.weights()
    const measured = { evaluation, testSet, lastEpoch, trainSeconds: seconds, trainedSamples: samples }
    return { trainer, weights, normalisation, ...measured }
  }
  throw refuse('to return what run.evaluate gave, as it is', 'another object')
}
