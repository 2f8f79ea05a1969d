import { type Epochs, openEpochs } from './epochs.ts'
import { type Evaluator, openEvaluator, score } from './evaluator.ts'
import { averages, NO_PARTIAL } from './mean.ts'
import type { EpochRequest, Request, Results, Setup, SharedSet, TrainingState } from './messages.ts'
import { type ModelSpec, readModel } from './model.ts'
import { Stopped } from './stopped.ts'
import type { PartialEpoch, StepReport } from './types.ts'

/** How the caller follows a request: `isStopped` is asked between pieces of work, which then end with `Stopped`. */
export interface Progress {
  isStopped(): boolean
  report(report: StepReport): void
  checkpoint(state: TrainingState): void
}

/** What a worker holds: a model, its weights, its compiled graphs. Handles one request at a time. */
export interface Session {
  handle(request: Request, progress: Progress): Promise<Results[Request['type']]>
}

type Evaluate = (data: SharedSet, progress: Progress) => Promise<Results['evaluate']>

export function openSession(setup: Setup): Session {
  const model = readModel(setup.topology)
  let evaluator: Promise<Evaluator> | undefined
  const predict = async (images: Uint8Array, count: number, { isStopped }: Progress) => {
    evaluator ??= openEvaluator(model, setup.normalisation, setup.threads)
    const outputs = await (await evaluator).run(images, count, weights(), isStopped)
    if (isStopped()) throw new Stopped()
    return outputs
  }
  const evaluate: Evaluate = async (data, progress) => {
    const { logits, probabilities } = await predict(data.images, data.labels.length, progress)
    return { ...score(logits, data.labels, model.classCount), probabilities }
  }
  const training = openTraining(model, setup, evaluate)
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
          return (await predict(request.images, request.count, progress)).probabilities
        case 'weights':
          return weights().slice()
      }
    },
  }
}

/** Epochs with their validation, and the best of them. */
interface Training {
  readonly epochs: Epochs
  run(request: EpochRequest, progress: Progress): Promise<Results['epoch']>
  restore(state: TrainingState): null
  restoreBest(): null
}

function openTraining(model: ModelSpec, setup: Setup, evaluate: Evaluate): Training | null {
  if (setup.training === null) return null
  const epochs = openEpochs(model, { ...setup, ...setup.training })
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
