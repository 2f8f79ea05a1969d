import type { Graph, Shape, Value } from '../ir/graph.ts'

export type FinalActivation = 'softmax' | 'sigmoid'

/** What a loss sees of a batch of `n` samples. */
export interface LossInputs {
  /** The model's output, `[n, outputs]`. */
  readonly output: Value
  /** What the rule's activation was applied to, the output itself where it has none; `[n, outputs]`. */
  readonly logits: Value
  /** Class indices, `[n]`. */
  readonly labels: Value
  /** Numbers to be met, `[n, outputs]`; null when the data set has none. */
  readonly targets: Value | null
  readonly classCount: number
}

/** What comes of a batch. */
export interface LossOutputs {
  /** `[n]`; the loss of the batch is their mean. */
  readonly losses: Value
  /** `[n]`: how right each prediction is, 1 or 0 for classes. */
  readonly correct: Value
  /** `[n, classCount]`: class probabilities. */
  readonly probabilities: Value
}

/** How outputs are judged. */
export interface LossRule {
  /** The activation that a model must end in, since the loss is computed from what goes into it; null for any output. */
  readonly activation: FinalActivation | null
  /** Whether the data set must have targets, may have them, or they are not looked at. */
  readonly targets: 'required' | 'optional' | 'unused'
  /** What is wrong with a model of this output for that many classes; null when nothing is. */
  expects(outputShape: Shape, classCount: number): string | null
  build(g: Graph, inputs: LossInputs): LossOutputs
}

/** Widths that an output may have, as a loss names them. */
export const oneOfWidths =
  (widths: (classCount: number) => readonly number[]) =>
  ([width = 0]: Shape, classCount: number): string | null => {
    const allowed = widths(classCount)
    return allowed.includes(width) ? null : `${allowed.join(' or ')} outputs for ${classCount} classes`
  }
