import { minus, times } from './elementwise.ts'
import { add, dims2, type Graph, operands, type Rules, type Value } from './graph.ts'
import { sum } from './linear.ts'
import { reshape } from './shape.ts'

/** Classification: logits and probabilities are `[n, classes]`, labels are `[n]` class indices. */
export type LossOp =
  /** Over the last axis. */
  | { readonly type: 'softmax' }
  /** (logits, labels) → `[n]`: −ln softmax(logits)[label], computed without overflow. */
  | { readonly type: 'crossEntropy' }
  /** labels → `[n, classes]` of zeros and one 1 per row. */
  | { readonly type: 'oneHot' }
  /** (logits, labels) → `[n]`: 1 where the largest logit (the first of ties) is the label's, else 0. */
  | { readonly type: 'isCorrect' }

export const softmax = (g: Graph, x: Value): Value => add(g, { type: 'softmax' }, [x], x.shape)

export const crossEntropy = (g: Graph, logits: Value, labels: Value): Value =>
  add(g, { type: 'crossEntropy' }, [logits, labels], [dims2(logits.shape)[0]])

export const oneHot = (g: Graph, labels: Value, classes: number): Value =>
  add(g, { type: 'oneHot' }, [labels], [labels.shape[0] ?? 0, classes])

export const isCorrect = (g: Graph, logits: Value, labels: Value): Value =>
  add(g, { type: 'isCorrect' }, [logits, labels], [dims2(logits.shape)[0]])

export const lossRules: Rules<LossOp> = {
  // d softmax: p·(dy − Σ p·dy)
  softmax: (g, { output }, dy) => [
    () => {
      const last = output.shape.length - 1
      const mean = sum(g, times(g, output, dy), [last])
      return times(g, output, minus(g, dy, reshape(g, mean, [...mean.shape, 1])))
    },
  ],
  // d cross-entropy: (softmax − one-hot)·dy
  crossEntropy: (g, node, dy) => {
    const [logits, labels] = operands(node)
    const [batch] = dims2(logits.shape)
    const difference = (): Value => minus(g, softmax(g, logits), oneHot(g, labels, dims2(logits.shape)[1]))
    return [() => times(g, difference(), reshape(g, dy, [batch, 1])), null]
  },
  oneHot: null,
  isCorrect: null,
}
