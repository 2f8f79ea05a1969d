import type * as tf from '@tensorflow/tfjs'
import type { Augmentation, Loss, Optimizer, Schedule } from './recipe.ts'

export type * from './recipe.ts'

/** What happens to a pixel before the first layer: `(value × scale − mean[c]) / std[c]`, per channel. Part of a model's record. */
export interface Normalisation {
  readonly scale: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
}

/**
 * Images of one shape with their labels, kept as bytes: `images` is `[count, height, width, channels]`, row-major. For a model of several
 * inputs, each sample is as many images, one after the other: `[count, inputs, height, width, channels]`.
 */
export interface ImageSet {
  readonly images: Uint8Array
  /** One class index per sample, `0 ≤ label < classCount`. */
  readonly labels: Uint8Array | Int32Array
  /** Numbers for the model's outputs to meet, `[count, outputs]`, row-major: what they mean is the loss's to say. */
  readonly targets?: Float32Array
  /** How much each sample counts while training, `[count]`; finite, 0 or more, default 1. */
  readonly sampleWeights?: Float32Array
  readonly height: number
  readonly width: number
  readonly channels: number
  readonly classCount: number
}

/** One named parameter tensor in model order. `name` is unique within a model; data is row-major float32. */
export interface WeightTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** `native` is the engine with oneDNN, where that is built; `onnx` the engine on ONNX Runtime; `cuda` that on an NVIDIA GPU. */
export type BackendOption = 'auto' | 'native' | 'onnx' | 'cuda' | 'tensorflow'

export type InitialWeights = 'seeded' | 'model' | readonly WeightTensor[]

/** A parameter of a model, as weights are named and as the model's own layers are. */
export interface ModelParameter {
  /** As in `Trainer.weights`: layers are numbered by class, `conv2d_1/kernel`. */
  readonly name: string
  /** The name that its layer has in the model. */
  readonly layer: string
  readonly shape: readonly number[]
}

export interface CompileOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  /** Decides initial weights, data order and dropout masks; an integer, 0 ≤ seed < 2³². The same seed gives the same bytes. */
  readonly seed: number
  /** Default `value / 255`. */
  readonly normalisation?: Normalisation
  /**
   * Draw initial weights from each layer's declared initializer by `seed` (default), keep those the model has, or take these, by their
   * names in `parametersOf`: what is not among them is drawn by `seed`.
   */
  readonly initialWeights?: InitialWeights
  /**
   * What runs the model: the engine, plain TensorFlow.js, or (`auto`) the engine where it can, native where that is built. Default: PAWPRINT_ENGINE, else `auto`. `cuda` needs the
   * libraries that onnxruntime-node's install script fetches, and throws `E_INPUT` at the first call without them.
   */
  readonly backend?: BackendOption
  /** Threads of one trial; default 1 (results then do not depend on the machine's cores). */
  readonly threads?: number
}

/**
 * Reported about ten times a second while an epoch runs; loss and accuracy are means over the samples since the last report, and
 * over those of the report before when they are more.
 */
export interface StepReport {
  readonly epoch: number
  /** Steps done since the trial began, and in all. */
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly accuracy: number
  /** Mean loss of each step since the last report. Where one is not finite the run ends, and a last report has those before it. */
  readonly losses: Float32Array
}

/** One finished epoch, counted from 1. Accuracies are fractions; losses are means over samples, penalties of weights left out. */
export interface Epoch {
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly loss: number
  readonly accuracy: number
  readonly validationLoss?: number
  readonly validationAccuracy?: number
  readonly seconds: number
  readonly samplesPerSecond: number
}

export interface FitOptions {
  readonly epochs: number
  readonly batchSize: number
  readonly validation?: ImageSet
  /**
   * Early stopping: training ends after this many epochs in a row without a new lowest validation loss, and the weights of the
   * best epoch are restored, also when `epochs` ends it (Prechelt 1998; Keras's EarlyStopping with restore_best_weights). An integer
   * from 0, which is off and the default; above 0 it needs `validation`.
   */
  readonly patience?: number
  /** Default: the learning rate stays as it is. */
  readonly schedule?: Schedule
  /** What is done to images by chance while training, in this order. Default: nothing. */
  readonly augment?: readonly Augmentation[]
  /** How much each class counts while training, one number per class; finite, 0 or more. Multiplied with `sampleWeights`. */
  readonly classWeights?: readonly number[]
  readonly signal?: AbortSignal
  readonly onStep?: (report: StepReport) => void
  /** Told after each epoch, in between when `checkpointEveryMs` have passed since the last one, and when `signal` aborts. */
  readonly onCheckpoint?: (checkpoint: Checkpoint) => void
  /** Default 60 s. */
  readonly checkpointEveryMs?: number
  /**
   * Goes on from a checkpoint of a call with these very arguments, on a trainer of the same model and options: its epochs are yielded
   * again as they were, and what follows is what would have followed, to the bit. Throws `E_INPUT` when it does not fit.
   */
  readonly from?: Checkpoint
}

/** What is done of an epoch that is not finished; `loss` and `correct` are sums over `samples`. All 0 between epochs. */
export interface PartialEpoch {
  readonly samples: number
  readonly loss: number
  readonly correct: number
  readonly seconds: number
}

/**
 * All that a call of `fit` needs to go on. Data order and dropout masks are functions of the seed and the counts, so no state of a
 * random generator is in it. Its numbers pass through JSON unchanged.
 */
export interface Checkpoint {
  /** Steps and whole epochs since the trainer was made. */
  readonly step: number
  readonly epochsDone: number
  /** Epochs that this call of `fit` has yielded. */
  readonly epochs: readonly Epoch[]
  readonly partial: PartialEpoch
  /** With patience: the epoch of this call with the lowest validation loss. */
  readonly best: { readonly epoch: number; readonly loss: number; readonly weights: Float32Array } | null
  /** All parameters: trained ones, then moving averages, then fixed ones, each in model order. */
  readonly weights: Float32Array
  /** The optimiser's state: vectors as long as what is trained. */
  readonly slots: readonly Float32Array[]
}

export interface Evaluation {
  readonly loss: number
  readonly accuracy: number
  /** Class probabilities, `[count, classCount]`, row-major; for embeddings the class of the nearest sample in its batch has all. */
  readonly probabilities: Float32Array
}

/** A model under training. Steps run in a worker thread; nothing here blocks the calling thread. */
export interface Trainer {
  /** Trains and yields each finished epoch. Aborting rejects with the signal's reason after the current chunk of steps. */
  fit(data: ImageSet, options: FitOptions): AsyncGenerator<Epoch, void, undefined>
  evaluate(data: ImageSet): Promise<Evaluation>
  weights(): Promise<WeightTensor[]>
  /** The layers-model JSON of TensorFlow.js; with the weights it rebuilds the model. */
  readonly topology: unknown
  readonly parameterCount: number
  /** "onednn cpu", "onnxruntime cpu" and the like, as shown on the screen. */
  readonly engine: string
  /** One line for people, when not the engine runs the model: why, and how much slower. Else null. */
  readonly notice: string | null
  close(): Promise<void>
}

/** What a trained model is made of, all plain data. */
export interface SavedModel {
  /** The layers-model JSON, as a trainer gives it. */
  readonly topology: unknown
  readonly weights: readonly WeightTensor[]
  /** As in training; default `value / 255`. */
  readonly normalisation?: Normalisation
}

/** The forward graph only, for evaluation and the demo. */
export interface Predictor {
  /** Class probabilities `[count, classCount]` of `count` images. */
  predict(images: Uint8Array, count: number): Promise<Float32Array>
  readonly inputShape: readonly [height: number, width: number, channels: number]
  readonly classCount: number
  close(): Promise<void>
}

export type Model = tf.LayersModel
