import type { CompileOptions, Epoch, Evaluation, Model, Trainer } from '@pawprint/engine'
import { type AttemptRecord, MAX_LOG_LINE_BYTES } from '@pawprint/protocol'
import { AgentError } from '../errors.ts'
import { cutText } from '../format.ts'
import type { LogLevel, Run, Task, Trial, TrialCompileOptions } from '../types.ts'
import { type Assignment, titleOf } from './assignment.ts'
import type { Finished } from './modelReport.ts'
import { type OpenRun, openRun, type RunSettings, type StepNumbers } from './run.ts'

export interface TrialSettings {
  readonly assignment: Assignment
  readonly task: Task
  readonly signal: AbortSignal
  readonly createTrainer: (model: Model, options: CompileOptions) => Promise<Trainer>
  readonly addRecord: (record: AttemptRecord) => void
  readonly onProgress: (progress: number, numbers: StepNumbers) => void
  readonly metricEveryMs: number
  readonly timeOf: () => string
  readonly nowMs: () => number
}

/** A trial under way: the handle that `train` gets, and what the agent needs of it. */
export interface OpenTrial {
  readonly trial: Trial
  log(text: string, level: LogLevel): void
  /** What is to be published of `train`'s answer. Throws AgentError E_TRAIN when that is no evaluation of this trial. */
  finish(answer: unknown): Promise<Finished>
  /** Frees the workers. */
  close(): Promise<void>
}

export function openTrial(settings: TrialSettings): OpenTrial {
  const { assignment, signal, addRecord, timeOf } = settings
  const runs: OpenRun[] = []
  let isOver = false
  const requireOpen = (): void => {
    signal.throwIfAborted()
    // A branch of `train` that nobody awaited may still be at it: its worker would never be closed.
    if (isOver) throw new AgentError('E_TRAIN', 'trial.compile', 'a trial under way', 'one that has ended')
  }
  const log = (text: string, level: LogLevel): void =>
    addRecord({ kind: 'log', time: timeOf(), level, text: cutText(text, MAX_LOG_LINE_BYTES) })
  const runSettings: RunSettings = {
    ...settings,
    title: titleOf(assignment.trial),
    publish({ records, progress }, numbers) {
      records.forEach(addRecord)
      settings.onProgress(progress, numbers)
    },
  }
  const compile = async (model: Model, options: TrialCompileOptions): Promise<Run> => {
    requireOpen()
    const open = openRun(await settings.createTrainer(model, { ...options, seed: assignment.seed }), runSettings)
    runs.push(open)
    if (signal.aborted || isOver) await open.close()
    requireOpen()
    return open.run
  }
  const trial: Trial = {
    params: Object.freeze({ ...assignment.params }),
    seed: assignment.seed,
    index: assignment.trial,
    attempt: assignment.attempt,
    job: assignment.job,
    signal,
    compile,
    log: (text, level = 'info') => log(String(text), level),
    report: (epoch: Epoch) => runs.at(-1)?.report(epoch),
  }
  return {
    trial,
    log,
    finish: (answer) => finish(runs, answer, settings.task),
    close: async () => {
      isOver = true
      await Promise.all(runs.map((run) => run.close()))
    },
  }
}

async function finish(runs: readonly OpenRun[], answer: unknown, task: Task): Promise<Finished> {
  const refuse = (expected: string, got: string): AgentError => new AgentError('E_TRAIN', 'train', expected, got)
  if (typeof answer !== 'object' || answer === null)
    throw refuse('to return the evaluation: return run.evaluate(data.test)', answer === null ? 'null' : typeof answer)
  for (const { trainer, trained, testSetOf } of runs) {
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
    return { trainer, weights, evaluation, testSet, lastEpoch, trainSeconds: seconds, trainedSamples: samples }
  }
  throw refuse('to return what run.evaluate gave, as it is', 'another object')
}
