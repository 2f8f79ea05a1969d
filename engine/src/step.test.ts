import * as tf from '@tensorflow/tfjs'
import { describe, expect, test } from 'vitest'
import { unitRange } from './data.ts'
import type { Shape, Value } from './ir/graph.ts'
import { readModel, seededWeights } from './model.ts'
import { compile, type Feed } from './onnx/compile.ts'
import { adam, sgd, updateRule } from './optimizers/index.ts'
import { randomStream } from './random.ts'
import { runReference } from './reference/run.ts'
import { type StepGraph, stepGraph } from './step.ts'
import { fillMask, openStepper } from './stepper.ts'
import { benchModel, oddModel, someImages } from './testing/models.ts'
import { relativeError } from './testing/numbers.ts'
import type { Optimizer } from './types.ts'
import { currentWeights } from './weights.ts'

const BATCH = 6
const SEED = 7

const MODELS: [string, () => tf.Sequential][] = [
  ['the benchmark model', () => benchModel(8, 4, 12)],
  ['a model of all layers', oddModel],
]

const OPTIMIZERS: Optimizer[] = [adam(0.001), sgd(0.05), sgd(0.02, { momentum: 0.9 })]

describe.each(MODELS)('a training step of %s', (_, build) => {
  const source = build()
  const model = readModel(source.toJSON(null, false))
  const normalisation = unitRange(model.inputShape[2])
  const data = someImages(source, 4 * BATCH, 3)
  const labels = Int32Array.from(data.labels)
  const step = (optimizer: Optimizer, optimise: boolean, chunks: number[] = [BATCH]): StepGraph =>
    stepGraph(model, { batchSize: BATCH, chunkSizes: chunks, normalisation, rule: updateRule(optimizer), optimise })

  test('gradients of the first step are those of TensorFlow.js', async () => {
    const plain = build()
    const withoutDropout = tf.sequential({ layers: plain.layers.filter((layer) => layer.getClassName() !== 'Dropout') })
    const spec = readModel(withoutDropout.toJSON(null, false))
    const own = stepGraph(spec, { batchSize: BATCH, chunkSizes: [BATCH], normalisation, rule: updateRule(sgd(1)) })
    const expected = gradientsByTensorFlow(
      withoutDropout,
      data.images.subarray(0, BATCH * imageSize(spec.inputShape)),
      labels,
    )
    const weights = currentWeights(spec, withoutDropout)
    const compiled = await compile(own.graph.nodes, [own.gradient])
    const [gradient] = await compiled.run(feedsFor(own, data.images, labels, [weights], 0))
    expect(relativeError(gradient ?? [], expected)).toBeLessThan(1e-5)
  })

  test.each([[[6]], [[4, 2]], [[1, 1, 1, 1, 1, 1]]])(
    'gradients in chunks %j are those of the reference',
    async (chunks) => {
      const rule = sgd(1)
      const [fast, slow] = [step(rule, true, chunks), step(rule, false)]
      const weights = seededWeights(model, SEED)
      const outputs = [fast.gradient, fast.loss, fast.correct]
      const compiled = await compile(fast.graph.nodes, outputs)
      const got = await compiled.run(feedsFor(fast, data.images, labels, [weights], 0))
      const expected = runReference(slow.graph.nodes, feedsFor(slow, data.images, labels, [weights], 0))
      for (const [i, value] of [slow.gradient, slow.loss, slow.correct].entries()) {
        expect(relativeError(got[i] ?? [], expected.get(value) ?? [])).toBeLessThan(1e-5)
      }
    },
  )

  test.each(OPTIMIZERS)(
    '20 steps of $type, momentum $momentum, end at the weights of the reference',
    async (optimizer) => {
      const rule = updateRule(optimizer)
      const start = (): Float32Array[] => [
        seededWeights(model, SEED),
        ...Array.from({ length: rule.slotCount }, () => new Float32Array(model.parameterCount)),
      ]
      const stepper = await openStepper(model, { batchSize: BATCH, normalisation, rule, seed: SEED, threads: 1 })
      const state = start()
      const rows = Int32Array.from({ length: 20 * BATCH }, (_, i) => i % data.labels.length)
      const samples = { images: data.images, labels }
      const losses: number[] = []
      for (const [from, to] of [
        [0, 3],
        [3, 20],
      ] as const) {
        const sums = await stepper.run(samples, rows.subarray(from * BATCH, to * BATCH), from, state)
        losses.push(...sums.losses)
      }
      const expected = twentyReferenceSteps(step(optimizer, false), rule, start())
      expect(relativeError(losses, expected.losses)).toBeLessThan(1e-4)
      expect(relativeError(state[0] ?? [], expected.weights)).toBeLessThan(1e-4)
    },
  )

  function twentyReferenceSteps(slow: StepGraph, rule: ReturnType<typeof updateRule>, start: ArrayLike<number>[]) {
    let state = start
    const losses: number[] = []
    for (let done = 0; done < 20; done++) {
      const first = (done % 4) * BATCH
      const images = data.images.subarray(first * imageSize(model.inputShape))
      const feeds = feedsFor(slow, images, labels.subarray(first), state, done, rule.scalarsAt(done + 1))
      const values = runReference(slow.graph.nodes, feeds)
      state = slow.state.map(({ after }) => values.get(after) ?? [])
      losses.push(values.get(slow.loss)?.[0] ?? Number.NaN)
    }
    return { losses, weights: state[0] ?? [] }
  }
})

const imageSize = (shape: Shape): number => shape.reduce((size, dim) => size * dim, 1)

/** What a step reads, as the stepper makes it. */
function feedsFor<State extends ArrayLike<number>>(
  step: StepGraph,
  images: Uint8Array,
  labels: Int32Array,
  state: readonly State[],
  done: number,
  scalars: readonly number[] = [],
): Map<Value, Feed | State> {
  const feeds = new Map<Value, Feed | State>([
    [step.images, images.subarray(0, imageSize(step.images.shape))],
    [step.labels, labels.subarray(0, BATCH)],
  ])
  for (const [layer, { value, keep }] of step.masks.entries()) {
    const mask = new Uint8Array(imageSize(value.shape))
    fillMask(mask, keep, randomStream(SEED, 'dropout', done, layer))
    feeds.set(value, mask)
  }
  for (const [i, { before }] of step.state.entries()) if (state[i]) feeds.set(before, state[i])
  for (const [i, value] of step.scalars.entries()) feeds.set(value, Float32Array.of(scalars[i] ?? 0))
  return feeds
}

function gradientsByTensorFlow(model: tf.Sequential, images: Uint8Array, labels: Int32Array): number[] {
  return tf.tidy(() => {
    const [, height = 0, width = 0, channels = 0] = model.inputs[0]?.shape.map(Number) ?? []
    const x = tf.tensor4d(
      Float32Array.from(images, (byte) => byte / 255),
      [BATCH, height, width, channels],
    )
    const y = tf.oneHot(tf.tensor1d(labels.subarray(0, BATCH), 'int32'), Number(model.outputs[0]?.shape[1]))
    const loss = (): tf.Scalar => {
      const probabilities = model.apply(x, { training: true })
      if (!(probabilities instanceof tf.Tensor)) throw new Error('one output')
      return tf.metrics.categoricalCrossentropy(y, probabilities).mean().asScalar()
    }
    const { grads } = tf.variableGrads(loss)
    return model.trainableWeights.flatMap(({ name }) => {
      const gradient = Object.entries(grads).find(([key]) => key === name || key.startsWith(`${name}_`))
      return Array.from(gradient?.[1].dataSync() ?? [])
    })
  })
}
