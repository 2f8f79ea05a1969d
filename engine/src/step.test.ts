import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import type { SharedSet } from './messages.ts'
import { currentWeights } from './model/source.ts'
import { seededWeights } from './model/weights.ts'
import { adam, adamW, sgd } from './optimizers/index.ts'
import { runReference } from './reference/run.ts'
import { compile } from './runtime.ts'
import { openStepper } from './stepper.ts'
import { DEVICES } from './testing/devices.ts'
import { gatedModel } from './testing/gatedModel.ts'
import {
  benchModel,
  depthwiseModel,
  embeddingModel,
  frozenModel,
  oddModel,
  penalisedModel,
  residualModel,
  siameseModel,
  someSamples,
} from './testing/models.ts'
import { relativeError } from './testing/numbers.ts'
import { settled } from './testing/settled.ts'
import {
  feedsFor,
  fixedOf,
  gradientsByTensorFlow,
  graphOf,
  referenceSteps,
  SEED,
  type StepCase,
  startState,
  stepCase,
} from './testing/steps.ts'
import type { Loss, Optimizer } from './types.ts'

const BATCH = 6

interface Example {
  readonly build: () => tf.LayersModel
  readonly loss?: Loss
  readonly optimizers?: readonly Optimizer[]
  readonly classCount?: number
  readonly extras?: Partial<SharedSet>
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  'the benchmark model': {
    build: () => benchModel(8, 4, 12),
    optimizers: [
      adam(0.001),
      adamW(0.001, { weightDecay: 0.1, clipNorm: 0.5 }),
      sgd(0.05),
      sgd(0.02, { momentum: 0.9 }),
      sgd(0.02, { momentum: 0.9, nesterov: true, clipValue: 0.01 }),
    ],
  },
  'a model of many layers': { build: oddModel },
  'a residual model with batch normalisation': { build: () => residualModel(false) },
  'a depthwise model': { build: depthwiseModel },
  'gates on an image': { build: gatedModel },
  'penalties on weights': { build: penalisedModel },
  'frozen layers': { build: frozenModel, optimizers: [sgd(0.1, { momentum: 0.5 })] },
  'weighted samples, smoothed labels': {
    build: () => benchModel(8, 4, 12),
    loss: { type: 'categoricalCrossentropy', labelSmoothing: 0.1 },
    extras: { sampleWeights: Float32Array.from({ length: 4 * BATCH }, (_, i) => (i % 5) / 2) },
  },
  'siamese towers': { build: siameseModel, loss: 'binaryCrossentropy', classCount: 2 },
  'embeddings by triplets': { build: embeddingModel, loss: { type: 'triplet', mining: 'semiHard' }, classCount: 3 },
}

const all = DEVICES.flatMap((device) =>
  Object.entries(EXAMPLES).map(([name, example]) => [name, device, example] as const),
)

describe.each(all)('a training step of %s on %s', (_, device, example) => {
  const { build, loss = 'categoricalCrossentropy', optimizers = [adam(0.001)] } = example
  const data = { ...someSamples(build(), 4 * BATCH, 3, example.classCount), ...example.extras }
  const caseOf = (optimizer: Optimizer): StepCase => stepCase(build(), data, { loss, optimizer, batchSize: BATCH })
  const plain = caseOf(sgd(1))
  const weights = seededWeights(plain.model, SEED)
  const feeds = (step: ReturnType<typeof graphOf>, { model, options }: StepCase) =>
    feedsFor(step, data, 0, {
      state: startState(model, options.rule, weights),
      fixed: fixedOf(model, weights),
      done: 0,
      scalars: [1],
    })
  test('its gradients are those of the reference', async () => {
    const [fast, slow] = [graphOf(plain), graphOf(plain, false)]
    const compiled = await compile(fast.graph.nodes, [fast.gradient, fast.loss, fast.correct], { device, threads: 1 })
    const got = await compiled.run(feeds(fast, plain))
    const expected = runReference(slow.graph.nodes, feeds(slow, plain))
    for (const [i, value] of [slow.gradient, slow.loss, slow.correct].entries()) {
      expect(relativeError(got[i] ?? [], expected.get(value) ?? [])).toBeLessThan(1e-5)
    }
  })

  test.each(optimizers)('20 steps of $type, %j, end at the state of the reference', async (optimizer) => {
    const own = caseOf(optimizer)
    const { model, options } = own
    const fixed = fixedOf(model, weights)
    const stepper = await openStepper(model, { ...options, device, seed: SEED, threads: 1, fixed })
    const state = startState(model, options.rule, weights)
    const rows = Int32Array.from({ length: 20 * BATCH }, (_, i) => i % data.labels.length)
    const losses: number[] = []
    for (const [from, to] of [
      [0, 3],
      [3, 20],
    ] as const) {
      const position = { done: from, rateFactor: () => 1, augment: null }
      const sums = await stepper.run(data, rows.subarray(from * BATCH, to * BATCH), position, state)
      losses.push(...sums.losses)
    }
    const expected = referenceSteps(own, weights, 20)
    expect(relativeError(losses, expected.losses)).toBeLessThan(1e-4)
    const parts = state.length - options.rule.slotCount
    for (let i = 0; i < parts; i++) expect(relativeError(state[i] ?? [], expected.state[i] ?? [])).toBeLessThan(1e-4)
  })
})

const crossEntropy = tf.metrics.categoricalCrossentropy
const ofLabel = (y: tf.Tensor): tf.Tensor => y.slice([0, 1], [-1, 1])

/** Models without dropout: TensorFlow.js draws other masks. */
test.each<[string, () => tf.LayersModel, Loss, number, (y: tf.Tensor, output: tf.Tensor) => tf.Tensor]>([
  ['the benchmark model', () => benchModel(8, 4, 12), 'categoricalCrossentropy', 10, crossEntropy],
  ['a residual model', () => residualModel(), 'categoricalCrossentropy', 3, crossEntropy],
  ['a depthwise model', depthwiseModel, 'categoricalCrossentropy', 3, crossEntropy],
  ['penalties on weights', penalisedModel, 'categoricalCrossentropy', 3, crossEntropy],
  ['frozen layers', frozenModel, 'categoricalCrossentropy', 3, crossEntropy],
  ['siamese towers', siameseModel, 'binaryCrossentropy', 2, (y, p) => tf.metrics.binaryCrossentropy(ofLabel(y), p)],
  ['squared differences', () => residualModel(), 'meanSquaredError', 3, (y, p) => tf.metrics.meanSquaredError(y, p)],
])('%s: gradients of the first step are those of TensorFlow.js', async (_, build, loss, classCount, lossOf) => {
  const source = settled(build())
  const data = someSamples(source, BATCH, 3, classCount)
  const example = stepCase(source, data, { loss, optimizer: sgd(1), batchSize: BATCH })
  const { model, options } = example
  const weights = currentWeights(model, source)
  const expected = gradientsByTensorFlow(source, data, BATCH, lossOf)
  const step = graphOf(example)
  const state = startState(model, options.rule, weights)
  const compiled = await compile(step.graph.nodes, [step.gradient])
  const [gradient] = await compiled.run(
    feedsFor(step, data, 0, { state, fixed: fixedOf(model, weights), done: 0, scalars: [1] }),
  )
  expect(relativeError(gradient ?? [], expected)).toBeLessThan(1e-5)
})
