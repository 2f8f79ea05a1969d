import { differentiate } from '../ir/differentiate.ts'
import { log, minus, plus, relu, times } from '../ir/elementwise.ts'
import { type Graph, newGraph, type Value } from '../ir/graph.ts'
import { sum } from '../ir/linear.ts'
import { prune } from '../ir/passes.ts'
import { constant, filled, input } from '../ir/shape.ts'
import type { FinalActivation, LossRule } from '../losses/rule.ts'
import { runReference } from '../reference/run.ts'

/** What a loss says of a batch of outputs. */
export interface Judged {
  /** Sum over samples, weighted, of which the mean is minimised. */
  readonly loss: number
  readonly correct: number
  /** Of the mean loss with respect to the outputs, `[n, outputs]`, row-major. */
  readonly gradient: Float64Array
}

export interface LossBatch {
  readonly labels: Int32Array
  readonly targets: Float32Array | null
  readonly sampleWeights: Float32Array | null
}

/** The engine's own loss and its gradient, in plain loops, as a function of a model's outputs. */
export function createLoss(
  rule: LossRule,
  { size, outputs, classCount, hasTargets, hasWeights }: Shape,
): (output: ArrayLike<number>, batch: LossBatch) => Judged {
  const g = newGraph()
  const output = input(g, 'output', [size, outputs])
  const labels = input(g, 'labels', [size], 'int')
  const targets = hasTargets ? input(g, 'targets', [size, outputs]) : null
  const sampleWeights = hasWeights ? input(g, 'weights', [size]) : null
  const logits = logitsBefore(g, output, rule.activation)
  const { losses, correct } = rule.build(g, { output, logits, labels, targets, classCount })
  const total = sum(g, sampleWeights === null ? losses : times(g, losses, sampleWeights), [0])
  const right = sum(g, correct, [0])
  const [gradient] = differentiate(g, total, filled(g, [], 1 / size), [output])
  if (gradient === undefined) throw new Error('a loss without gradient')
  const nodes = prune(g.nodes, [total, right, gradient])
  return (given, batch) => {
    const feeds = new Map<Value, ArrayLike<number>>([
      [output, given],
      [labels, batch.labels],
    ])
    if (targets !== null && batch.targets !== null) feeds.set(targets, batch.targets)
    if (sampleWeights !== null && batch.sampleWeights !== null) feeds.set(sampleWeights, batch.sampleWeights)
    const values = runReference(nodes, feeds)
    const at = (value: Value): Float64Array => values.get(value) ?? new Float64Array()
    return { loss: at(total)[0] ?? Number.NaN, correct: at(right)[0] ?? Number.NaN, gradient: at(gradient) }
  }
}

interface Shape {
  readonly size: number
  readonly outputs: number
  readonly classCount: number
  readonly hasTargets: boolean
  readonly hasWeights: boolean
}

/** Smallest probability that a logarithm is taken of: TensorFlow.js's and Keras's epsilon. */
export const EPSILON = 1e-7

/** Something that `activation` turns into the output. */
function logitsBefore(g: Graph, output: Value, activation: FinalActivation | null): Value {
  const scalar = (value: number): Value => constant(g, [], [value])
  const atLeast = (x: Value): Value => plus(g, relu(g, minus(g, x, scalar(EPSILON))), scalar(EPSILON))
  if (activation === null) return output
  const logs = log(g, atLeast(output))
  if (activation === 'softmax') return logs
  return minus(g, logs, log(g, atLeast(minus(g, filled(g, output.shape, 1), output))))
}
