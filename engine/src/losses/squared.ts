import { minus, times } from '../ir/elementwise.ts'
import { dims2 } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { isCorrect } from '../ir/loss.ts'
import { constant } from '../ir/shape.ts'
import { labelTargets } from './crossentropy.ts'
import { agreement, isSame, scaled } from './parts.ts'
import { type LossRule, oneOfWidths } from './rule.ts'

/**
 * Mean over outputs of the squared difference to the data set's targets, or without them to the label: a one in its place. A single
 * output for two classes is met by 0 or 1.
 */
export const squared: LossRule = {
  activation: null,
  targets: 'optional',
  expects: oneOfWidths((classCount) => (classCount === 2 ? [1, 2] : [classCount])),
  build(g, { output, labels, targets }) {
    const [, width] = dims2(output.shape)
    const wanted = targets ?? labelTargets(g, labels, width)
    const difference = minus(g, output, wanted)
    const losses = scaled(g, sum(g, times(g, difference, difference), [1]), 1 / width)
    const half = constant(g, [], [0.5])
    const agrees = sum(g, isSame(g, agreement(g, output, half), agreement(g, wanted, half)), [1])
    const correct = width === 1 ? agrees : isCorrect(g, output, labels)
    return { losses, correct, probabilities: output }
  },
}
