/* How a model is trained, as plain data: the optimiser, the learning rate's course, changes of images, the loss. */

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
  /** From 1 to `end` > 0 in equal ratios from step to step: a decay, or above 1 a sweep (Smith 2017, arXiv:1506.01186, § 3.3). */
  | { readonly type: 'exponential'; readonly end: number }
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
