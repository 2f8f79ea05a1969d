import { describe, expect, test } from 'vitest'
import { differentiate } from '../ir/differentiate.ts'
import { sigmoid } from '../ir/elementwise.ts'
import { newGraph, type Value } from '../ir/graph.ts'
import { softmax } from '../ir/loss.ts'
import { prune } from '../ir/passes.ts'
import { filled, input } from '../ir/shape.ts'
import { runReference } from '../reference/run.ts'
import { compile } from '../runtime.ts'
import { relativeError, someLabels, someNumbers } from '../testing/numbers.ts'
import type { Loss } from '../types.ts'
import { lossRule } from './index.ts'

/* Each loss against loops over samples, pairs and triplets that follow the papers, and its gradient against their differences. */

const COUNT = 12
const CLASSES = 3

interface Sample {
  /** Logits, or whatever the model puts out. */
  readonly row: readonly number[]
  readonly label: number
  readonly target: readonly number[]
}

const softmaxOf = (row: readonly number[], temperature = 1): number[] => {
  const powers = row.map((x) => Math.exp(x / temperature))
  const total = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / total)
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)
const perSample =
  (loss: (sample: Sample) => number) =>
  (samples: readonly Sample[]): number =>
    mean(samples.map(loss))
const distance = (a: Sample, b: Sample): number => Math.hypot(...a.row.map((x, i) => x - (b.row[i] ?? 0)))
const logistic = (x: number): number => 1 / (1 + Math.exp(-x))
const oneHot = (label: number, width: number): number[] =>
  Array.from({ length: width }, (_, i) => (i === label ? 1 : 0))

function contrastive(samples: readonly Sample[]): number {
  const pairs = samples.flatMap((a) => samples.filter((b) => b !== a).map((b) => [a, b] as const))
  return mean(
    pairs.map(([a, b]) => (a.label === b.label ? distance(a, b) ** 2 : Math.max(0, 1.5 - distance(a, b)) ** 2)),
  )
}

function tripletHard(samples: readonly Sample[]): number {
  const losses = samples.flatMap((anchor) => {
    const near = samples.filter((other) => other !== anchor && other.label === anchor.label)
    const far = samples.filter((other) => other.label !== anchor.label)
    if (near.length === 0 || far.length === 0) return []
    const furthest = Math.max(...near.map((other) => distance(anchor, other)))
    const nearest = Math.min(...far.map((other) => distance(anchor, other)))
    return [Math.max(0, furthest - nearest + 0.3)]
  })
  return mean(losses)
}

function tripletSemiHard(samples: readonly Sample[]): number {
  const losses = samples.flatMap((anchor) => {
    const far = samples.filter((other) => other.label !== anchor.label).map((other) => distance(anchor, other))
    const near = samples.filter((other) => other !== anchor && other.label === anchor.label)
    return near.map((positive) => {
      const d = distance(anchor, positive)
      const beyond = far.filter((other) => other > d)
      const negative = beyond.length > 0 ? Math.min(...beyond) : Math.max(...far)
      return Math.max(0, d - negative + 0.3)
    })
  })
  return mean(losses)
}

interface Example {
  readonly loss: Loss
  readonly width: number
  readonly classCount?: number
  readonly hasTargets?: boolean
  readonly oracle: (samples: readonly Sample[]) => number
}

const binary = (p: number, y: number): number => -(y * Math.log(p) + (1 - y) * Math.log(1 - p))

const EXAMPLES: Readonly<Record<string, Example>> = {
  'cross-entropy': {
    loss: 'sparseCategoricalCrossentropy',
    width: CLASSES,
    oracle: perSample(({ row, label }) => -Math.log(softmaxOf(row)[label] ?? 0)),
  },
  'smoothed cross-entropy': {
    loss: { type: 'categoricalCrossentropy', labelSmoothing: 0.2 },
    width: CLASSES,
    oracle: perSample(({ row, label }) => {
      const wanted = oneHot(label, CLASSES).map((y) => 0.8 * y + 0.2 / CLASSES)
      return -softmaxOf(row).reduce((total, p, i) => total + (wanted[i] ?? 0) * Math.log(p), 0)
    }),
  },
  'binary cross-entropy, one output': {
    loss: 'binaryCrossentropy',
    width: 1,
    classCount: 2,
    oracle: perSample(({ row, label }) => binary(logistic(row[0] ?? 0), label)),
  },
  'binary cross-entropy, smoothed, an output per class': {
    loss: { type: 'binaryCrossentropy', labelSmoothing: 0.1 },
    width: CLASSES,
    oracle: perSample(({ row, label }) =>
      mean(row.map((x, i) => binary(logistic(x), 0.9 * (i === label ? 1 : 0) + 0.05))),
    ),
  },
  'binary cross-entropy against targets': {
    loss: 'binaryCrossentropy',
    width: CLASSES,
    hasTargets: true,
    oracle: perSample(({ row, target }) => mean(row.map((x, i) => binary(logistic(x), target[i] ?? 0)))),
  },
  'squared difference to labels': {
    loss: 'meanSquaredError',
    width: CLASSES,
    oracle: perSample(({ row, label }) => mean(row.map((x, i) => (x - (i === label ? 1 : 0)) ** 2))),
  },
  'squared difference to targets': {
    loss: 'meanSquaredError',
    width: CLASSES,
    hasTargets: true,
    oracle: perSample(({ row, target }) => mean(row.map((x, i) => (x - (target[i] ?? 0)) ** 2))),
  },
  distillation: {
    loss: { type: 'distillation', temperature: 3, weight: 0.7 },
    width: CLASSES,
    hasTargets: true,
    oracle: perSample(({ row, label, target }) => {
      const [student, teacher] = [softmaxOf(row, 3), softmaxOf(target, 3)]
      const divergence = teacher.reduce((total, q, i) => total + q * Math.log(q / (student[i] ?? 0)), 0)
      return 0.3 * -Math.log(softmaxOf(row)[label] ?? 0) + 0.7 * 9 * divergence
    }),
  },
  'contrastive pairs': { loss: { type: 'contrastive', margin: 1.5 }, width: 4, oracle: contrastive },
  'hardest triplets': { loss: { type: 'triplet', margin: 0.3 }, width: 4, oracle: tripletHard },
  'semi-hard triplets': {
    loss: { type: 'triplet', mining: 'semiHard', margin: 0.3 },
    width: 4,
    oracle: tripletSemiHard,
  },
}

describe.each(Object.entries(EXAMPLES))(
  '%s',
  (_, { loss, width, classCount = CLASSES, hasTargets = false, oracle }) => {
    const logits = someNumbers(COUNT * width, 4)
    const labels = someLabels(COUNT, classCount, 5)
    const targets = someNumbers(COUNT * width, 6).map(Math.abs)
    const samplesOf = (numbers: Float64Array): Sample[] =>
      Array.from(labels, (label, i) => ({
        row: [...numbers.subarray(i * width, (i + 1) * width)],
        label,
        target: [...targets.subarray(i * width, (i + 1) * width)],
      }))
    const built = build()

    test('the mean is that of the loops, by the reference and by ONNX', async () => {
      const expected = oracle(samplesOf(logits))
      const values = runReference(built.nodes, new Map(built.feeds))
      expect(mean([...(values.get(built.losses) ?? [])])).toBeCloseTo(expected, 9)
      const compiled = await compile(built.nodes, [built.losses, built.gradient])
      const floats = built.feeds.map(([value, data]): [Value, Float32Array | Int32Array] => [
        value,
        value.type === 'int' ? Int32Array.from(data) : Float32Array.from(data),
      ])
      const [losses = [], gradient = []] = await compiled.run(new Map(floats))
      expect(mean([...losses])).toBeCloseTo(expected, 5)
      expect(relativeError(gradient, values.get(built.gradient) ?? [])).toBeLessThan(1e-5)
    })

    test('the gradient is that of differences of the loops', () => {
      const gradient = runReference(built.nodes, new Map(built.feeds)).get(built.gradient) ?? []
      const step = 1e-5
      const expected = Array.from(logits, (_, i) => {
        const moved = (by: number): number => oracle(samplesOf(logits.map((x, j) => (j === i ? x + by : x))))
        return (moved(step) - moved(-step)) / (2 * step)
      })
      expect(relativeError(gradient, expected, 1e-3)).toBeLessThan(1e-6)
    })

    function build() {
      const g = newGraph()
      const rule = lossRule(loss)
      const x = input(g, 'logits', [COUNT, width])
      const y = input(g, 'labels', [COUNT], 'int')
      const wanted = hasTargets ? input(g, 'targets', [COUNT, width]) : null
      const output = rule.activation === null ? x : { softmax, sigmoid }[rule.activation](g, x)
      const { losses } = rule.build(g, { output, logits: x, labels: y, targets: wanted, classCount })
      const [gradient] = differentiate(g, losses, filled(g, [COUNT], 1 / COUNT), [x])
      if (gradient === undefined) throw new Error('no gradient')
      const feeds: [Value, ArrayLike<number>][] = [
        [x, logits],
        [y, labels],
      ]
      if (wanted !== null) feeds.push([wanted, targets])
      return { nodes: prune(g.nodes, [losses, gradient]), losses, gradient, feeds }
    }
  },
)

test('anchors of a class that is alone in the batch have no triplet', () => {
  const g = newGraph()
  const rule = lossRule('triplet')
  const x = input(g, 'x', [3, 2])
  const labels = input(g, 'labels', [3], 'int')
  const { losses, correct } = rule.build(g, { output: x, logits: x, labels, targets: null, classCount: 3 })
  const feeds = new Map<Value, number[]>([
    [x, [0, 0, 1, 0, 0, 2]],
    [labels, [0, 1, 2]],
  ])
  const values = runReference(g.nodes, feeds)
  expect([...(values.get(losses) ?? [])]).toEqual([0, 0, 0])
  expect([...(values.get(correct) ?? [])]).toEqual([0, 0, 0])
})

test.each<[Loss, RegExp]>([
  [{ type: 'categoricalCrossentropy', labelSmoothing: 1 }, /loss.labelSmoothing: expected a number 0 ≤ x < 1, got 1/],
  [{ type: 'triplet', margin: 0 }, /loss.margin: expected a number > 0, got 0/],
  [{ type: 'distillation', temperature: -1 }, /loss.temperature/],
  [{ type: 'distillation', weight: 2 }, /loss.weight: expected a number 0 < x ≤ 1, got 2/],
  // @ts-expect-error: no such loss
  ['hinge', /loss: expected one of categoricalCrossentropy, .*got "hinge"/],
])('refuses %j', (loss, message) => {
  expect(() => lossRule(loss)).toThrow(message)
})
