import type * as tf from '@tensorflow/tfjs'

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

/** What all optimisers can do with a gradient before they use it. */
export interface Clipping {
  /** The gradient of all weights, as one vector, is shortened to at most this length (Pascanu et al. 2013, arXiv:1211.5063); > 0. */
  readonly clipNorm?: number
  /** Each of its numbers is kept between −`clipValue` and `clipValue`; > 0. Done before `clipNorm`. */
  readonly clipValue?: number
}

/**
 * Adam (Kingma & Ba 2015, arXiv:1412.6980), with TensorFlow.js's defaults. With `weightDecay` it is AdamW (Loshchilov & Hutter 2019,
 * arXiv:1711.05101): weights also shrink by `learningRate · weightDecay` of themselves at every step.
 */
export interface Adam extends Clipping {
  readonly type: 'adam'
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  /** Default 0. */
  readonly weightDecay?: number
}

/** Stochastic gradient descent; `momentum` 0 (default) ≤ x < 1, without dampening, as Nesterov's on wish (Sutskever et al. 2013). */
export interface Sgd extends Clipping {
  readonly type: 'sgd'
  readonly learningRate: number
  readonly momentum: number
  /** Default false. */
  readonly nesterov?: boolean
}

export type Optimizer = Adam | Sgd

/**
 * How the learning rate changes while `fit` runs: a factor on the optimiser's, a function of the epochs done, which need not be whole.
 * `warmUpEpochs` (default 0) of it rise from 0 in a straight line, and the rest follows over what is left.
 */
export type Schedule = { readonly warmUpEpochs?: number } & (
  | { readonly type: 'constant' }
  /** Times `factor` (default 0.1) after every `every` epochs. */
  | { readonly type: 'step'; readonly every: number; readonly factor?: number }
  /** Half a cosine wave from 1 down to `floor` (default 0) at the last epoch (Loshchilov & Hutter 2017, arXiv:1608.03983). */
  | { readonly type: 'cosine'; readonly floor?: number }
  /**
   * Times `factor` (default 0.1) after each `patience` (default 3) epochs in a row without a new lowest validation loss, down to `floor`
   * (default 0): Keras's ReduceLROnPlateau. Needs `validation`.
   */
  | { readonly type: 'plateau'; readonly patience?: number; readonly factor?: number; readonly floor?: number }
)

/**
 * A change of images while training, by chance: each image of each epoch gets its own draw, a function of the seed. `probability` of it
 * being done: 0 ≤ x ≤ 1, default 0.5. Positions outside the image show the nearest pixel of its edge.
 */
export type Augmentation = {
  readonly probability?: number
} /** Mirrored; `axis` default 'horizontal': left becomes right. */ & (
  | { readonly type: 'flip'; readonly axis?: 'horizontal' | 'vertical' }
  /** Moved by up to `shift` of each side (default 0.125, 4 pixels of 32), enlarged or shrunk by up to `zoom` (default 0, 0.9 at most). */
  | { readonly type: 'crop'; readonly shift?: number; readonly zoom?: number }
  /** Turned by up to `degrees` either way; default 15. */
  | { readonly type: 'rotation'; readonly degrees?: number }
  /** Seen from aside: corners move inwards by up to half of `distortion` of the sides; default 0.2, 0.9 at most. */
  | { readonly type: 'perspective'; readonly distortion?: number }
  /** Brighter or darker by up to `brightness` of the whole range, more or less contrast by up to `contrast`; default 0.2 each. */
  | { readonly type: 'tone'; readonly brightness?: number; readonly contrast?: number }
  /** Gaussian, of a standard deviation of up to `sigma` pixels; default 1, 10 at most. */
  | { readonly type: 'blur'; readonly sigma?: number }
  /** A grey square of `size` (default 0.25) of the shorter side anywhere (DeVries & Taylor 2017, arXiv:1708.04552). */
  | { readonly type: 'cutout'; readonly size?: number }
)

/** A loss with its options, or its name for the defaults. */
export type Loss = LossName | LossOptions
export type LossName = LossOptions['type']
export type LossOptions =
  /** Softmax outputs against class labels; both names are one loss, since labels are class indices. `labelSmoothing`: 0 (default) ≤ x < 1. */
  | {
      readonly type: 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy'
      readonly labelSmoothing?: number
    }
  /** Sigmoid outputs: one for two classes, or one per class, which `targets` may set to 1 in any number. */
  | { readonly type: 'binaryCrossentropy'; readonly labelSmoothing?: number }
  /** Any outputs against `targets`, or against 0 and 1 for the label's class. */
  | { readonly type: 'meanSquaredError' }
  /** Embeddings: one class within reach, others at least `margin` (default 1) away. Over all pairs of a batch. */
  | { readonly type: 'contrastive'; readonly margin?: number }
  /** Embeddings: another class at least `margin` (default 0.2) further than one's own. `mining` of triplets in a batch: default 'hard'. */
  | { readonly type: 'triplet'; readonly mining?: 'hard' | 'semiHard'; readonly margin?: number }
  /** Softmax outputs against labels and a teacher's logits, the `targets`; `temperature` > 0, default 4; `weight` of the teacher 0 < x ≤ 1, default 0.9. */
  | { readonly type: 'distillation'; readonly temperature?: number; readonly weight?: number }

export type BackendOption = 'auto' | 'onnx' | 'tensorflow'

export interface CompileOptions {
  readonly loss: Loss
  readonly optimizer: Optimizer
  /** Decides initial weights, data order and dropout masks; an integer, 0 ≤ seed < 2³². The same seed gives the same bytes. */
  readonly seed: number
  /** Default `value / 255`. */
  readonly normalisation?: Normalisation
  /** Draw initial weights from each layer's declared initializer by `seed` (default), or keep those the model has. */
  readonly initialWeights?: 'seeded' | 'model'
  /** What runs the model: the engine, plain TensorFlow.js, or (default) the engine where it can. Default: PAWPRINT_ENGINE, else `auto`. */
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
  /** "onnxruntime cpu" and the like, as shown on the screen. */
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
