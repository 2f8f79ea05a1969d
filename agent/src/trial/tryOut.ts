import { createTrainer, type Epoch, type Evaluation, type Trainer, type WeightTensor } from '@pawprint/engine'
import { fieldsOf } from '@pawprint/protocol'
import type { Dataset } from '../datasets/types.ts'
import { AgentError } from '../errors.ts'
import { requireTrain } from '../offering.ts'
import type { Hyperparameters, NotebookDefinition, Params, Run, Trial } from '../types.ts'

export interface TryOutOptions {
  /** What the train function is given; needed where it takes it. */
  readonly data?: Dataset
  /** Where chance starts; an integer, 0 ≤ seed < 2³², default 0. */
  readonly seed?: number
  /** Hears of each line that `trial.log` writes; default console.log. */
  readonly log?: (text: string) => void
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** What came of a trial that nobody launched. */
export interface TriedOut {
  /** What the train function returned. */
  readonly evaluation: Evaluation
  /** Epochs of all its runs, in order. */
  readonly epochs: readonly Epoch[]
  /** Of the last model that it compiled, by name, as they were when the function returned: a beginning for other trainings. */
  readonly weights: readonly WeightTensor[]
}

/**
 * Runs a train function once, here, before any store knows of it: to see that it works, and to compare a few trainings in the notebook.
 * Nothing is registered, kept or deployed. `hyperparameters` are those of `register`; of a list, the first value is taken. The
 * same arguments give the same weights, and the same as a trial with these params and this seed. `trial.weights` rejects: there is no store.
 * Throws what the function throws; ProtocolError `E_FIELDS` for wrong hyperparameters; AgentError `E_TRAIN` when it compiles no model or
 * returns no evaluation.
 */
export async function tryOut(
  train: NotebookDefinition['train'],
  hyperparameters: Hyperparameters,
  { data, seed = 0, log = console.log, signal = new AbortController().signal }: TryOutOptions = {},
): Promise<TriedOut> {
  requireTrain({ train, ...(data && { data }) })
  const trainers: Trainer[] = []
  const epochs: Epoch[] = []
  const trial: Trial = {
    params: paramsOf(hyperparameters),
    seed,
    index: 0,
    attempt: 1,
    job: 'tried out',
    signal,
    log: (text) => log(String(text)),
    report: () => undefined,
    weights: async (sha1) => {
      throw new AgentError(
        'E_STORE',
        'trial.weights',
        'a trial that a store launched',
        `one that is tried out, for ${sha1}`,
      )
    },
    async compile(model, options) {
      const trainer = await createTrainer(model, { ...options, seed })
      trainers.push(trainer)
      if (trainer.notice !== null) log(trainer.notice)
      return runOf(trainer, signal, (epoch) => epochs.push(epoch))
    },
  }
  try {
    const evaluation: unknown = await train(trial, data as Dataset)
    const last = trainers.at(-1)
    if (last === undefined) throw new AgentError('E_TRAIN', 'train', 'to compile a model: trial.compile', 'none')
    return { evaluation: requireEvaluation(evaluation), epochs, weights: await last.weights() }
  } finally {
    await Promise.all(trainers.map((trainer) => trainer.close()))
  }
}

/** One value for each hyperparameter. SEED is the trial's own, as it is in a job. */
const paramsOf = (hyperparameters: Hyperparameters): Params =>
  Object.freeze(
    Object.fromEntries(
      fieldsOf(hyperparameters).flatMap(({ key, default: value }): [string, number][] => {
        const first = [value].flat()[0]
        return key === 'SEED' || typeof first !== 'number' ? [] : [[key, first]]
      }),
    ),
  )

const runOf = (trainer: Trainer, signal: AbortSignal, onEpoch: (epoch: Epoch) => void): Run => ({
  async *fit(data, options) {
    for await (const epoch of trainer.fit(data, { ...options, signal })) {
      onEpoch(epoch)
      yield epoch
    }
  },
  weights: () => trainer.weights(),
  evaluate: (data) => trainer.evaluate(data),
})

function requireEvaluation(answer: unknown): Evaluation {
  if (typeof answer === 'object' && answer !== null && 'probabilities' in answer) return answer as Evaluation
  const got = answer === null ? 'null' : typeof answer
  throw new AgentError('E_TRAIN', 'train', 'to return the evaluation: return run.evaluate(data.test)', got)
}
