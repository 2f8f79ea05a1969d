import { minus, over, plus, softplus, times } from '../ir/elementwise.ts'
import { dims2, type Graph, type Value } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { crossEntropy, isCorrect, oneHot, softmax } from '../ir/loss.ts'
import { concat, constant, filled, reshape } from '../ir/shape.ts'
import { agreement, isSame, scaled } from './parts.ts'
import { type LossRule, oneOfWidths } from './rule.ts'

/**
 * Cross-entropy of softmax outputs. With smoothing ε the label's probability is 1 − ε and ε is shared by all classes (Szegedy et al. 2016,
 * arXiv:1512.00567, section 7).
 */
export const categorical = (smoothing: number): LossRule => ({
  activation: 'softmax',
  targets: 'unused',
  expects: oneOfWidths((classCount) => [classCount]),
  build(g, { output, logits, labels }) {
    const plain = crossEntropy(g, logits, labels)
    const losses = smoothing === 0 ? plain : plus(g, plain, smoothed(g, logits, labels, smoothing))
    return { losses, correct: isCorrect(g, logits, labels), probabilities: output }
  },
})

/** What smoothing adds: ε · (logit of the label − mean of the logits). */
function smoothed(g: Graph, logits: Value, labels: Value, smoothing: number): Value {
  const [, classes] = dims2(logits.shape)
  const excess = minus(g, oneHot(g, labels, classes), constant(g, [], [1 / classes]))
  return scaled(g, sum(g, times(g, logits, excess), [1]), smoothing)
}

/**
 * Cross-entropy of sigmoid outputs, mean over outputs, computed from the logits without overflow. One output says whether the label is
 * 1 of two classes; as many outputs as classes are met by the label's one, or by the data set's targets (several may be 1).
 */
export const binary = (smoothing: number): LossRule => ({
  activation: 'sigmoid',
  targets: 'optional',
  expects: oneOfWidths((classCount) => (classCount === 2 ? [1, 2] : [classCount])),
  build(g, { output, logits, labels, targets, classCount }) {
    const [batch, width] = dims2(output.shape)
    const wanted = targets ?? labelTargets(g, labels, width)
    const smooth = smoothing === 0 ? wanted : plus(g, scaled(g, wanted, 1 - smoothing), scalarOf(g, smoothing / 2))
    const each = minus(g, softplus(g, logits), times(g, logits, smooth))
    const losses = scaled(g, sum(g, each, [1]), 1 / width)
    const half = constant(g, [], [0.5])
    const agrees = isSame(g, agreement(g, output, half), agreement(g, wanted, half))
    const isMultiLabel = targets !== null && width > 1
    const correct =
      width === 1 || isMultiLabel ? scaled(g, sum(g, agrees, [1]), 1 / width) : isCorrect(g, logits, labels)
    const both = (): Value => concat(g, [minus(g, filled(g, [batch, 1], 1), output), output], 1)
    return { losses, correct, probabilities: width === 1 && classCount === 2 ? both() : output }
  },
})

/** One column holds the label itself, several hold a one in the label's place. */
export function labelTargets(g: Graph, labels: Value, width: number): Value {
  if (width > 1) return oneHot(g, labels, width)
  const [batch = 0] = labels.shape
  return sum1(g, times(g, oneHot(g, labels, 2), constant(g, [2], [0, 1])), batch)
}

const sum1 = (g: Graph, x: Value, batch: number): Value => reshape(g, sum(g, x, [1]), [batch, 1])
const scalarOf = (g: Graph, value: number): Value => constant(g, [], [value])

/**
 * Knowledge distillation (Hinton et al. 2015, arXiv:1503.02531): (1 − weight) · cross-entropy + weight · T² · KL(teacher ‖ student), both
 * softened by temperature T. The data set's targets are the teacher's logits.
 */
export const distilled = (temperature: number, weight: number): LossRule => ({
  activation: 'softmax',
  targets: 'required',
  expects: oneOfWidths((classCount) => [classCount]),
  build(g, { output, logits, labels, targets }) {
    if (targets === null) throw new Error('distillation: no targets')
    const [student, teacher] = [logits, targets].map((x) => over(g, x, scalarOf(g, temperature)))
    if (student === undefined || teacher === undefined) throw new Error('two models')
    const gap = sum(g, times(g, minus(g, teacher, student), softmax(g, teacher)), [1])
    const divergence = plus(g, gap, minus(g, logSumExp(g, student, labels), logSumExp(g, teacher, labels)))
    const hard = scaled(g, crossEntropy(g, logits, labels), 1 - weight)
    const losses = plus(g, hard, scaled(g, divergence, weight * temperature ** 2))
    return { losses, correct: isCorrect(g, logits, labels), probabilities: output }
  },
})

/** `ln Σ exp x` over each row, by way of cross-entropy, which does not overflow; any labels do. */
function logSumExp(g: Graph, x: Value, labels: Value): Value {
  const [, classes] = dims2(x.shape)
  const own = sum(g, times(g, x, oneHot(g, labels, classes)), [1])
  return plus(g, crossEntropy(g, x, labels), own)
}
