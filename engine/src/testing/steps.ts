import * as tf from '@tensorflow/tfjs'
import { unitRange } from '../data.ts'
import { type Shape, sizeOf, type Value } from '../ir/graph.ts'
import { lossRule } from '../losses/index.ts'
import type { SharedSet } from '../messages.ts'
import { readModel } from '../model/read.ts'
import { topologyOf } from '../model/source.ts'
import type { ModelSpec } from '../model/spec.ts'
import { updateRule } from '../optimizers/index.ts'
import type { UpdateRule } from '../optimizers/rule.ts'
import { randomStream } from '../random.ts'
import { runReference } from '../reference/run.ts'
import type { Feed } from '../runtime.ts'
import { type StepGraph, stepGraph } from '../step.ts'
import { fillMask, type StepperOptions } from '../stepper.ts'
import type { Loss, Optimizer } from '../types.ts'

export const SEED = 7

/** What a step is made of. */
export interface StepCase {
  readonly model: ModelSpec
  readonly data: SharedSet
  readonly options: Omit<StepperOptions, 'seed' | 'threads' | 'fixed'>
}

export function stepCase(
  source: tf.LayersModel,
  data: SharedSet,
  { loss, optimizer, batchSize }: { loss: Loss; optimizer: Optimizer; batchSize: number },
): StepCase {
  const model = readModel(topologyOf(source))
  const options = {
    batchSize,
    normalisation: unitRange(model.inputShape[2]),
    rule: updateRule(optimizer),
    loss: lossRule(loss),
    classCount: data.classCount,
    hasTargets: data.targets !== null,
    hasWeights: data.sampleWeights !== null,
    device: 'cpu' as const,
  }
  return { model, data, options }
}

export const graphOf = ({ model, options }: StepCase, optimise = true): StepGraph =>
  stepGraph(model, { ...options, optimise })

/** What a step reads, as the stepper makes it; `first` is the first sample, `done` the steps before. */
export function feedsFor<State extends ArrayLike<number>>(
  step: StepGraph,
  data: SharedSet,
  first: number,
  { state, fixed, done, scalars }: { state: readonly State[]; fixed: State; done: number; scalars: readonly number[] },
): Map<Value, Feed | State> {
  const feeds = new Map<Value, Feed | State>()
  for (const key of ['images', 'labels', 'targets', 'sampleWeights'] as const) {
    const [value, given] = [step.batch[key], data[key]]
    if (value === null || given === null) continue
    const size = sizeOf(value.shape)
    const width = size / (value.shape[0] ?? 1)
    feeds.set(value, given.slice(first * width, first * width + size))
  }
  for (const [layer, { value, keep }] of step.masks.entries()) {
    const mask = new Uint8Array(sizeOf(value.shape))
    fillMask(mask, keep, randomStream(SEED, 'dropout', done, layer))
    feeds.set(value, mask)
  }
  for (const [i, { before }] of step.state.entries()) if (state[i]) feeds.set(before, state[i])
  for (const [i, value] of step.scalars.entries()) feeds.set(value, Float32Array.of(scalars[i] ?? 0))
  if (step.fixed !== null) feeds.set(step.fixed, fixed)
  return feeds
}

/** The state of a step at its start: parts of the flat weights, then empty slots. */
export function startState({ sizes }: ModelSpec, rule: UpdateRule, weights: Float32Array): Float32Array[] {
  const end = sizes.trained + sizes.statistic
  const slots = Array.from({ length: rule.slotCount }, () => new Float32Array(sizes.trained))
  const statistics = sizes.statistic > 0 ? [weights.slice(sizes.trained, end)] : []
  return [weights.slice(0, sizes.trained), ...statistics, ...slots]
}

export const fixedOf = ({ sizes }: ModelSpec, weights: Float32Array): Float32Array =>
  weights.slice(sizes.trained + sizes.statistic)

/** Steps in float64; batches of consecutive samples, over and over. */
export function referenceSteps(
  example: StepCase,
  weights: Float32Array,
  count: number,
): { losses: number[]; state: ArrayLike<number>[] } {
  const { model, data, options } = example
  const { batchSize, rule } = options
  const step = graphOf(example, false)
  let state: ArrayLike<number>[] = startState(model, rule, weights)
  const losses: number[] = []
  for (let done = 0; done < count; done++) {
    const first = (done * batchSize) % data.labels.length
    const scalars = rule.scalarsAt(done + 1, 1)
    const values = runReference(
      step.graph.nodes,
      feedsFor(step, data, first, { state, fixed: fixedOf(model, weights), done, scalars }),
    )
    state = step.state.map(({ after }) => values.get(after) ?? [])
    losses.push(values.get(step.loss)?.[0] ?? Number.NaN)
  }
  return { losses, state }
}

/** Gradients of the first batch by TensorFlow.js, in the order of the flat weights. */
export function gradientsByTensorFlow(
  model: tf.LayersModel,
  { images, labels, classCount }: SharedSet,
  batchSize: number,
  lossOf: (labels: tf.Tensor, output: tf.Tensor) => tf.Tensor,
): number[] {
  return tf.tidy(() => {
    const shapes = model.inputs.map(({ shape }): Shape => shape.slice(1).map(Number))
    const size = sizeOf(shapes[0] ?? [])
    const x = shapes.map((shape, input) =>
      tf.tensor(
        Float32Array.from({ length: batchSize * size }, (_, i) => {
          const sample = Math.floor(i / size)
          return (images[(sample * shapes.length + input) * size + (i % size)] ?? 0) / 255
        }),
        [batchSize, ...shape],
      ),
    )
    const y = tf.oneHot(tf.tensor1d(labels.slice(0, batchSize), 'int32'), classCount)
    const [first] = x
    const loss = (): tf.Scalar => {
      const output = model.apply(x.length === 1 && first ? first : x, { training: true })
      if (!(output instanceof tf.Tensor)) throw new Error('one output')
      const penalties = model.calculateLosses()
      return penalties.reduce((total, penalty) => total.add(penalty), lossOf(y, output).mean().asScalar()).asScalar()
    }
    const { grads } = tf.variableGrads(loss)
    return model.trainableWeights.flatMap(({ name }) => {
      const gradient = Object.entries(grads).find(([key]) => key === name || key.startsWith(`${name}_`))
      return Array.from(gradient?.[1].dataSync() ?? [])
    })
  })
}
