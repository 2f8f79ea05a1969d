import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { newGraph } from '../ir/graph.ts'
import { input } from '../ir/shape.ts'
import { silenceBanner } from '../quiet.ts'
import { runReference } from '../reference/run.ts'
import { relativeError, someNumbers } from '../testing/numbers.ts'
import type { Optimizer } from '../types.ts'
import { adam, sgd, updateRule } from './index.ts'

silenceBanner()

const SIZE = 20
const STEPS = 30
/** Gradients from large to tiny, so that Adam's epsilon matters to some weights. */
const gradientAt = (step: number): Float32Array =>
  Float32Array.from(someNumbers(SIZE, step), (x, i) => x * 10 ** (-i / 2))

function ours(optimizer: Optimizer): ArrayLike<number> {
  const rule = updateRule(optimizer)
  let state: ArrayLike<number>[] = [
    someNumbers(SIZE, 99),
    ...Array.from({ length: rule.slotCount }, () => new Float64Array(SIZE)),
  ]
  for (let step = 1; step <= STEPS; step++) {
    const g = newGraph()
    const values = state.map((_, i) => input(g, `state${i}`, [SIZE]))
    const [weights, ...slots] = values
    const gradient = input(g, 'gradient', [SIZE])
    const scalars = rule.scalarsAt(step, 1).map((_, i) => input(g, `scalar${i}`, []))
    if (weights === undefined) throw new Error('no weights')
    const next = rule.build(g, { weights, slots, gradient, scalars })
    const results = runReference(
      g.nodes,
      new Map([
        ...values.map((value, i) => [value, state[i] ?? []] as const),
        ...scalars.map((value, i) => [value, [rule.scalarsAt(step, 1)[i] ?? 0]] as const),
        [gradient, gradientAt(step)] as const,
      ]),
    )
    state = [next.weights, ...next.slots].map((value) => results.get(value) ?? [])
  }
  return state[0] ?? []
}

function theirs(optimizer: tf.Optimizer): ArrayLike<number> {
  const weights = tf.variable(tf.tensor1d([...someNumbers(SIZE, 99)]), true, `weights${tf.util.now()}`)
  for (let step = 1; step <= STEPS; step++) optimizer.applyGradients({ [weights.name]: tf.tensor1d(gradientAt(step)) })
  return weights.dataSync()
}

test.each<[string, Optimizer, () => tf.Optimizer]>([
  ['adam', adam(0.01), () => tf.train.adam(0.01)],
  [
    'adam of other options',
    adam(0.02, { beta1: 0.5, beta2: 0.9, epsilon: 0.001 }),
    () => tf.train.adam(0.02, 0.5, 0.9, 0.001),
  ],
  ['sgd', sgd(0.3), () => tf.train.sgd(0.3)],
  ['sgd with momentum', sgd(0.1, { momentum: 0.9 }), () => tf.train.momentum(0.1, 0.9)],
])('%s moves weights as that of TensorFlow.js does', (_, optimizer, reference) => {
  expect(relativeError(ours(optimizer), theirs(reference()))).toBeLessThan(1e-5)
})

test.each([
  [() => adam(0)],
  [() => adam(Number.NaN)],
  [() => adam(0.1, { beta1: 1 })],
  [() => adam(0.1, { beta2: -0.1 })],
  [() => adam(0.1, { epsilon: 0 })],
  [() => sgd(-1)],
  [() => sgd(0.1, { momentum: 1 })],
])('refuses %s', (make) => {
  expect(make).toThrow(EngineError)
})
