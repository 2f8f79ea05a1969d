import { type Epochs, openEpochs } from './epochs.ts'
import { type Evaluator, openEvaluator, score } from './evaluator.ts'
import type { EpochRequest, Request, Results, Setup, SharedSet } from './messages.ts'
import { readModel } from './model.ts'
import { Stopped } from './stopped.ts'
import type { StepReport } from './types.ts'

/** How the caller follows a request: `isStopped` is asked between pieces of work, which then end with `Stopped`. */
export interface Progress {
  isStopped(): boolean
  report(report: StepReport): void
}

/** What a worker holds: a model, its weights, its compiled graphs. Handles one request at a time. */
export interface Session {
  handle(request: Request, progress: Progress): Promise<Results[Request['type']]>
}

export function openSession(setup: Setup): Session {
  const model = readModel(setup.topology)
  const epochs: Epochs | null = setup.training && openEpochs(model, { ...setup, ...setup.training })
  let evaluator: Promise<Evaluator> | undefined
  const weights = (): Float32Array => epochs?.weights() ?? setup.weights
  const predict = async (images: Uint8Array, count: number, { isStopped }: Progress) => {
    evaluator ??= openEvaluator(model, setup.normalisation, setup.threads)
    const outputs = await (await evaluator).run(images, count, weights(), isStopped)
    if (isStopped()) throw new Stopped()
    return outputs
  }
  const evaluate = async (data: SharedSet, progress: Progress) => {
    const { logits, probabilities } = await predict(data.images, data.labels.length, progress)
    return { ...score(logits, data.labels, model.classCount), probabilities }
  }
  const runEpoch = async (request: EpochRequest, progress: Progress): Promise<Results['epoch']> => {
    if (epochs === null) throw new Error('this session only predicts')
    const trained = await epochs.run(request, progress)
    const validation = request.validation && (await evaluate(request.validation, progress))
    return { ...trained, validation: validation && { loss: validation.loss, accuracy: validation.accuracy } }
  }
  return {
    async handle(request, progress) {
      switch (request.type) {
        case 'epoch':
          return runEpoch(request, progress)
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
