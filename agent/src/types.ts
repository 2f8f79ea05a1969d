import type {
  Augmentation,
  Epoch,
  Evaluation,
  ImageSet,
  InitialWeights,
  Loss,
  Model,
  Normalisation,
  Optimizer,
  Schedule,
  WeightTensor,
} from '@pawprint/engine'
import type { Expectation } from './datasets/expectations.ts'
import type { Dataset } from './datasets/types.ts'
import type { Task } from './task.ts'

export type { Requirement, Task } from './task.ts'

// Plain types, equal in shape to the wire's: a notebook's compiler (TypeScript 5.0) reads these and no schema library.

/** The hyperparameters of one trial: one point of the grid. */
export type Params = Readonly<Record<string, number>>

/** What a notebook declares for a key beyond the well-known ones. A list as default makes the key an axis of the grid. */
export interface FieldDeclaration {
  readonly type?: 'integer' | 'float'
  readonly min?: number
  readonly max?: number
  readonly default: number | readonly number[]
  /** One plain sentence, shown beside the field. */
  readonly about?: string
}

/** `CONF_OBJ`: a number is a single value, a list spans the grid, an object declares type, range, default and a sentence. */
export type Hyperparameters = Readonly<Record<string, number | readonly number[] | FieldDeclaration>>

export interface TrialCompileOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  /**
   * Draw initial weights from each layer's initializer by the trial's seed (default), keep those the model has, or take these, by name:
   * what `loadPretrained`, `run.weights` and `trial.weights` give. What is not among them is drawn by the seed.
   */
  readonly initialWeights?: InitialWeights
  /**
   * What the network sees of a pixel: `(value × scale − mean) / std`, per channel. `normalisationOf(await inspect(data))` is that of the
   * training images. The store keeps it with the model; demo, exports and later measurements do the same. Default: `value / 255`.
   */
  readonly normalisation?: Normalisation
}

export interface TrialFitOptions {
  /** An integer from 1. */
  readonly epochs: number
  /** Images per step; an integer from 1. */
  readonly batchSize: number
  /** Measured after each epoch. */
  readonly validation?: ImageSet
  /**
   * Early stopping: training ends after this many epochs in a row without a new lowest validation loss, and the weights of the best
   * epoch are restored. An integer from 0, which is off and the default.
   */
  readonly patience?: number
  /** How the learning rate changes meanwhile. Default: it stays as it is. */
  readonly schedule?: Schedule
  /** What is done to images by chance, in this order, seeded by the trial. Default: nothing. */
  readonly augment?: readonly Augmentation[]
  /** How much each class counts, one number per class; finite, 0 or more. Default: 1 each. */
  readonly classWeights?: readonly number[]
}

/** A compiled model under training. Its steps run in a worker thread. */
export interface Run {
  /**
   * Trains and yields each finished epoch. Stops by itself when the trial is stopped. After an interruption the next attempt runs the
   * train function again: epochs that were trained before are yielded as they were, without training, and the rest follows
   * as if nothing had been. A train function that looks at the model between epochs cannot be brought there so, and begins anew.
   */
  fit(data: ImageSet, options: TrialFitOptions): AsyncGenerator<Epoch, void, undefined>
  /**
   * The weights as they are now, by name: where another run may begin, in a next phase of fine-tuning. A trial that is interrupted in a later
   * phase trains the earlier ones again, and ends in the same weights.
   */
  weights(): Promise<readonly WeightTensor[]>
  /** What `train` returns: the model measured on the test set. */
  evaluate(data: ImageSet): Promise<Evaluation>
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One point of the grid, trained once: what a train function gets. */
export interface Trial {
  readonly params: Params
  /** Where chance starts; an integer, 0 ≤ seed < 2³². `compile` uses it. */
  readonly seed: number
  /** Place in the grid, from 0. Screens count from 1. */
  readonly index: number
  /** From 1 to 3. */
  readonly attempt: number
  /** Id of its job. */
  readonly job: string
  /** Aborts when the trial is stopped; loops of one's own should look at it. */
  readonly signal: AbortSignal
  compile(model: Model, options: TrialCompileOptions): Promise<Run>
  /**
   * The weights of a model of this store, by name, for `loadPretrained` or `initialWeights`. Their SHA-1 is checked. Throws AgentError E_OPTION
   * for what is no SHA-1, E_STORE when the store does not have them.
   */
  weights(sha1: string): Promise<readonly WeightTensor[]>
  /** A line for the job's log. Default level `info`; longer than 16 KiB is cut. */
  log(text: string, level?: LogLevel): void
  /** Publishes an epoch; done for each epoch of `fit` that the loop did not report itself. */
  report(epoch: Epoch): void
}

export interface NotebookDefinition {
  /** As pages show it; 1 to 128 characters. */
  readonly name: string
  readonly task: Task
  readonly hyperparameters: Hyperparameters
  /**
   * Trains and measures one trial. `data` is the notebook's own; in a job on new data, its folders read anew, the same for all trials of the job.
   */
  readonly train: (trial: Trial, data: Dataset) => Promise<Evaluation>
  /**
   * `thumbnails: false` keeps the pictures of the test set here. By default the store gets up to 10 small ones, at most 48 px, for each pair of a
   * class and what the model said, to be shown with the confusion matrix to whoever may open the page. Those of earlier models stay there.
   */
  readonly evaluation?: { readonly thumbnails?: boolean }
  /**
   * What `train` is given; needed where it takes some. They are looked at by `inspect` while they are registered, and what is found is shown on the store's page, beside
   * the notebook and its jobs. Folders (`datasets.imageFolder`) are watched from now on: the page says how many images are new since the last training,
   * and trains on them at a click, or by itself.
   */
  readonly data?: Dataset
  /**
   * What must hold of `data`: `[expectEveryClass, expectNoLeaks, (found) => expectBalance(found, 5)]`, or functions of one's own. While one
   * of them throws, jobs are stopped before they train, with its advice. Default: none.
   */
  readonly expectations?: readonly Expectation[]
}

export interface ConnectOptions {
  /**
   * Default: `?token=` of the address, PAWPRINT_TOKEN, the file that PAWPRINT_TOKEN_FILE names, then the token file of a store's data
   * folder on this machine. A file is read again when the store no longer knows the token.
   */
  readonly token?: string
}

export interface ServeOptions {
  /**
   * Where progress goes: a display of the notebook, rewritten in place; the terminal, likewise; or lines of text. Default:
   * PAWPRINT_PROGRESS, else what the place offers.
   */
  readonly progress?: ProgressStyle
  /**
   * Says goodbye by itself after this time without a trial, `90s`, `30m` or `2h`, from 1 s to a week; a process that only serves
   * then ends. Results are delivered first. Default: PAWPRINT_EXIT_AFTER_IDLE, else never.
   */
  readonly exitAfterIdle?: `${number}${'s' | 'm' | 'h'}`
}
export type ProgressStyle = 'display' | 'terminal' | 'lines'

/** What came of training a model again. */
export interface Reproduced {
  /** Of the weights that came out. */
  readonly sha1: string
  readonly isSame: boolean
}

/** A connection to a store. It lasts: a lost one is made again until `close()`. */
export interface Agent {
  /** The name that the store gave, or null before `register`. */
  readonly name: string | null
  /** Offers the notebook to the store; again, it replaces what was offered. Resolves when the store has taken it. */
  register(notebook: NotebookDefinition): Promise<void>
  /** Runs jobs from now on and shows their progress. Returns at once. Throws ProtocolError E_OPTION for a wrong option. */
  serve(options?: ServeOptions): void
  /**
   * Trains a model of this notebook again, here, with the params, seed and engine of the trial that made it, and resolves when that has
   * ended: with the SHA-1 that came out, and whether the bytes are the same. The store keeps the result with the model. Rejects with
   * AgentError E_STORE when the store refuses or the trial fails, E_TRAIN before `serve`.
   */
  reproduce(sha1: string): Promise<Reproduced>
  /** Cancels the trials under way; resolves when they have ended. */
  stop(): Promise<void>
  /** Delivers what is left for at most 2 s and says goodbye. The store gives trials under way to the next kernel of this name. */
  close(): Promise<void>
}
