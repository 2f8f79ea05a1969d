import { type Epochs, openEpochs } from './epochs.ts'
import type { Evaluator } from './evaluator.ts'
import { type Executor, openExecutor } from './executor.ts'
import { lossRule } from './losses/index.ts'
import { averages, NO_PARTIAL } from './mean.ts'
import type { EpochRequest, Request, Results, Setup, SharedSet, TrainingState } from './messages.ts'
import { openScorer, type Scorer } from './scorer.ts'
import { Stopped } from './stopped.ts'
import type { PartialEpoch, StepReport } from './types.ts'

/** How the caller follows a request: `isStopped` is asked between pieces of work, which then end with `Stopped`. */
export interface Progress {
  isStopped(): boolean
  report(report: StepReport): void
  checkpoint(state: TrainingState): void
}

/** What a worker works on: a model, its weights, its compiled graphs. Handles one request at a time. */
export interface Session {
  handle(request: Request, progress: Progress): Promise<Results[Request['type']]>
  /** Frees what the runtime holds. */
  close(): Promise<void>
}

type Evaluate = (data: SharedSet, progress: Progress) => Promise<Results['evaluate']>

export async function openSession(setup: Setup): Promise<Session> {
  const executor = await openExecutor(setup.backend, setup.topology)
  const { model } = executor
  const rule = setup.training && lossRule(setup.training.loss)
  const activation = rule?.activation ?? null
  let evaluator: Promise<Evaluator> | undefined
  const predict = async (images: Uint8Array, count: number, { isStopped }: Progress) => {
    evaluator ??= executor.openEvaluator({ ...setup, activation })
    const outputs = await (await evaluator).run(images, count, weights(), isStopped)
    if (isStopped()) throw new Stopped()
    return outputs
  }
  const scorer: Scorer | null = rule && openScorer(rule, model.outputShape[0] ?? 0, setup.device)
  const evaluate: Evaluate = async (data, progress) => {
    if (scorer === null) throw new Error('this session only predicts')
    const { logits } = await predict(data.images, data.labels.length, progress)
    return scorer.score(logits, data)
  }
  const training = openTraining(executor, setup, evaluate)
  const weights = (): Float32Array => training?.epochs.weights() ?? setup.weights
  const mustTrain = (): Training => {
    if (training === null) throw new Error('this session only predicts')
    return training
  }
  return {
    async handle(request, progress) {
      switch (request.type) {
        case 'epoch':
          return mustTrain().run(request, progress)
        case 'restore':
          return mustTrain().restore(request.state)
        case 'restoreBest':
          return mustTrain().restoreBest()
        case 'evaluate':
          return evaluate(request.data, progress)
        case 'predict':
          return (await predict(request.images, request.count, progress)).outputs
        case 'weights':
          return weights().slice()
      }
    },
    close: () => executor.close(),
  }
}

/** Epochs with their validation, and the best of them. */
interface Training {
  readonly epochs: Epochs
  run(request: EpochRequest, progress: Progress): Promise<Results['epoch']>
  restore(state: TrainingState): null
  restoreBest(): null
}

function openTraining(executor: Executor, setup: Setup, evaluate: Evaluate): Training | null {
  if (setup.training === null) return null
  const epochs = openEpochs(executor, { ...setup, ...setup.training })
  let best: TrainingState['best'] = null
  const validate = async ({ validation, epoch, keepBest }: EpochRequest, progress: Progress) => {
    if (validation === null) return null
    const { loss, accuracy } = await evaluate(validation, progress)
    // Not "≤": of equal epochs the earlier one is the best, as in Keras. A loss that is no number is none.
    if (keepBest && loss < (best?.loss ?? Number.POSITIVE_INFINITY))
      best = { epoch, loss, weights: epochs.weights().slice() }
    return { loss, accuracy }
  }
  return {
    epochs,
    async run(request, progress) {
      const { epoch, epochsDone, checkpointEveryMs } = request
      if (epoch === 1) best = null
      const sums = await epochs.run(request, progress, (state) => progress.checkpoint({ ...state, best }))
      const snapshot = (done: number, partial: PartialEpoch): TrainingState | null =>
        checkpointEveryMs === null ? null : { ...epochs.snapshot(done, partial), best }
      try {
        const validation = await validate(request, progress)
        const checkpoint = snapshot(epochsDone + 1, NO_PARTIAL)
        const { seconds } = sums
        const [step, bestEpoch] = [epochs.stepsDone(), best?.epoch ?? null]
        return { step, ...averages(sums), seconds, validation, bestEpoch, checkpoint }
      } catch (error) {
        // All steps of the epoch are done and only its validation is left.
        const checkpoint = error instanceof Stopped ? snapshot(epochsDone, sums) : null
        if (checkpoint !== null) progress.checkpoint(checkpoint)
        throw error
      }
    },
    restore(state) {
      epochs.restore(state)
      best = state.best
      return null
    },
    restoreBest() {
      if (best !== null) epochs.setWeights(best.weights)
      return null
    },
  }
}
