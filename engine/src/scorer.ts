import type { Device } from './choose.ts'
import { unreachable } from './errors.ts'
import { concatFloats } from './floats.ts'
import { sigmoid } from './ir/elementwise.ts'
import { newGraph, type Value } from './ir/graph.ts'
import { softmax } from './ir/loss.ts'
import { prune } from './ir/passes.ts'
import { input } from './ir/shape.ts'
import type { FinalActivation, LossRule } from './losses/rule.ts'
import type { SharedSet } from './messages.ts'
import { type Compiled, compile, type Feed } from './runtime.ts'
import type { Evaluation } from './types.ts'

/** Samples judged at a time. Losses over pairs look at this many samples together. */
const BATCH = 128

/** Judges predictions by the loss. */
export interface Scorer {
  /** `logits`, `[count, outputs]`, are what goes into the rule's activation. */
  score(logits: Float32Array, data: SharedSet): Promise<Evaluation>
}

export function openScorer(rule: LossRule, outputs: number, device: Device): Scorer {
  const compiled = new Map<string, Promise<Judge>>()
  const judgeFor = (size: number, { classCount, targets }: SharedSet): Promise<Judge> => {
    const hasTargets = targets !== null && rule.targets !== 'unused'
    const key = `${size} ${classCount} ${hasTargets}`
    const judge = compiled.get(key) ?? openJudge(rule, { size, outputs, classCount, hasTargets, device })
    compiled.set(key, judge)
    return judge
  }
  return {
    async score(logits, data) {
      const count = data.labels.length
      const probabilities: Float32Array[] = []
      let [loss, correct] = [0, 0]
      for (let start = 0; start < count; start += BATCH) {
        const size = Math.min(BATCH, count - start)
        const judge = await judgeFor(size, data)
        const part = <T extends Float32Array | Int32Array>(all: T, width: number): T =>
          all.slice(start * width, (start + size) * width) as T
        const targets = data.targets && part(data.targets, outputs)
        const judged = await judge(part(logits, outputs), part(data.labels, 1), targets)
        loss += total(judged.losses)
        correct += total(judged.correct)
        probabilities.push(judged.probabilities)
      }
      return { loss: loss / count, accuracy: correct / count, probabilities: concatFloats(probabilities) }
    },
  }
}

/** Judges one batch. */
type Judge = (logits: Float32Array, labels: Int32Array, targets: Float32Array | null) => Promise<Judged>

interface Judged {
  readonly losses: Float32Array
  readonly correct: Float32Array
  readonly probabilities: Float32Array
}

interface JudgeOptions {
  readonly size: number
  readonly outputs: number
  readonly classCount: number
  readonly hasTargets: boolean
  readonly device: Device
}

async function openJudge(
  rule: LossRule,
  { size, outputs, classCount, hasTargets, device }: JudgeOptions,
): Promise<Judge> {
  const g = newGraph()
  const logits = input(g, 'logits', [size, outputs])
  const labels = input(g, 'labels', [size], 'int')
  const targets = hasTargets ? input(g, 'targets', [size, outputs]) : null
  const output = activated(rule.activation, (fn) => fn(g, logits)) ?? logits
  const { losses, correct, probabilities } = rule.build(g, { output, logits, labels, targets, classCount })
  const results = [losses, correct, probabilities]
  const inputs = [logits, labels, ...(targets === null ? [] : [targets])]
  const graph: Compiled = await compile(prune(g.nodes, [...inputs, ...results]), results, { device, threads: 1 })
  return async (...data) => {
    const feeds = new Map<Value, Feed>()
    for (const [i, value] of inputs.entries()) {
      const given = data[i]
      if (given) feeds.set(value, given)
    }
    const [first = new Float32Array(), second = first, third = first] = await graph.run(feeds)
    return { losses: first, correct: second, probabilities: third }
  }
}

function activated(activation: FinalActivation | null, apply: (fn: typeof softmax) => Value): Value | null {
  switch (activation) {
    case null:
      return null
    case 'softmax':
      return apply(softmax)
    case 'sigmoid':
      return apply(sigmoid)
    default:
      return unreachable(activation)
  }
}

const total = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0)
