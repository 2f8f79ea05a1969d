import { sizeOf } from './ir/graph.ts'
import type { LossRule } from './losses/rule.ts'
import type { SharedSet } from './messages.ts'
import { type ModelSpec, sampleSize } from './model/spec.ts'
import type { UpdateRule } from './optimizers/rule.ts'
import { type Random, randomStream } from './random.ts'
import { openLoop, type RuntimeOptions, type RuntimeTensor } from './runtime.ts'
import { type StepGraph, stepGraph } from './step.ts'
import type { Normalisation } from './types.ts'

/** Sums of each step's batch. */
export interface StepSums {
  readonly losses: Float32Array
  readonly correct: Float32Array
}

/** Where the steps of one call stand. */
export interface Position {
  /** Steps of the trial so far. */
  readonly done: number
  /** The learning rate's factor at each step of the call, counted from 0. */
  readonly rateFactor: (step: number) => number
  /** Writes the images of one sample, changed by chance; null to take them as they are. */
  readonly augment: ((source: Uint8Array, target: Uint8Array, row: number) => void) | null
}

/** Runs training steps of one batch size. */
export interface Stepper {
  /** Runs `rows.length / batchSize` steps; `rows` are indices of samples. Replaces the arrays in `state`, or what they hold. */
  run(samples: SharedSet, rows: Int32Array, position: Position, state: Float32Array[]): Promise<StepSums>
  close(): Promise<void>
}

export interface StepperOptions extends RuntimeOptions {
  readonly batchSize: number
  readonly normalisation: Normalisation
  readonly rule: UpdateRule
  readonly loss: LossRule
  readonly classCount: number
  readonly hasTargets: boolean
  readonly hasWeights: boolean
  readonly seed: number
  /** Parameters that never change, flat. */
  readonly fixed: Float32Array
}

/** Compiles the training step of a model for one batch size. */
export async function openStepper(model: ModelSpec, options: StepperOptions): Promise<Stepper> {
  const { batchSize, rule, fixed } = options
  const step = stepGraph(model, options)
  const runtime = await openLoop(step, options)
  return {
    async run(samples, rows, { done, rateFactor, augment }, state) {
      const steps = rows.length / batchSize
      const inputs: Record<string, RuntimeTensor> = {
        count: { type: 'int64', data: BigInt64Array.of(BigInt(steps)), shape: [] },
        ...batchesOf(step, samples, rows, steps, imagesOf(samples.images, rows, sampleSize(model), augment)),
        ...masksOf(step, options.seed, done, steps),
        ...scalarsOf(rule, done, steps, rateFactor),
      }
      if (step.fixed !== null) inputs.fixed = { type: 'float32', data: fixed, shape: step.fixed.shape }
      state.forEach((data, i) => {
        inputs[`state_${i}`] = { type: 'float32', data, shape: [data.length] }
      })
      const outputs = await runtime.run(inputs)
      state.forEach((data, i) => {
        state[i] = outputs.get(`next_${i}`) ?? data
      })
      return {
        losses: outputs.get('loss') ?? new Float32Array(),
        correct: outputs.get('correct') ?? new Float32Array(),
      }
    },
    close: () => runtime.close(),
  }
}

/** The samples of `rows`, in the order of the steps. */
function batchesOf(
  { batch }: StepGraph,
  { labels, targets, sampleWeights }: SharedSet,
  rows: Int32Array,
  steps: number,
  images: Uint8Array,
): Record<string, RuntimeTensor> {
  const inputs: Record<string, RuntimeTensor> = {
    images: { type: 'uint8', data: images, shape: [steps, ...batch.images.shape] },
    labels: { type: 'int32', data: take(labels, rows, 1, Int32Array), shape: [steps, ...batch.labels.shape] },
  }
  if (batch.targets !== null && targets !== null) {
    const [, width = 1] = batch.targets.shape
    const data = take(targets, rows, width, Float32Array)
    inputs.targets = { type: 'float32', data, shape: [steps, ...batch.targets.shape] }
  }
  if (batch.sampleWeights !== null && sampleWeights !== null) {
    const data = take(sampleWeights, rows, 1, Float32Array)
    inputs.sample_weights = { type: 'float32', data, shape: [steps, ...batch.sampleWeights.shape] }
  }
  return inputs
}

/** The images of `rows`, changed by chance where that is asked for. */
export function imagesOf(images: Uint8Array, rows: Int32Array, size: number, augment: Position['augment']): Uint8Array {
  if (augment === null) return take(images, rows, size, Uint8Array)
  const taken = new Uint8Array(rows.length * size)
  rows.forEach((row, i) => {
    augment(images.subarray(row * size, (row + 1) * size), taken.subarray(i * size, (i + 1) * size), row)
  })
  return taken
}

type Numbers = Uint8Array | Int32Array | Float32Array

/** Copies `size` numbers for each row. The runtime takes no shared memory, so a copy there must be. */
export function take<T extends Numbers>(from: T, rows: Int32Array, size: number, type: new (length: number) => T): T {
  const taken = new type(rows.length * size)
  rows.forEach((row, i) => {
    taken.set(from.subarray(row * size, (row + 1) * size), i * size)
  })
  return taken
}

/** The rule's scalars for each step, one input per scalar. */
function scalarsOf(
  rule: UpdateRule,
  done: number,
  steps: number,
  rateFactor: (step: number) => number,
): Record<string, RuntimeTensor> {
  const perStep = Array.from({ length: steps }, (_, i) => rule.scalarsAt(done + i + 1, rateFactor(i)))
  const inputs = rule.scalarsAt(1, 1).map((_, scalar): [string, RuntimeTensor] => {
    const data = Float32Array.from(perStep, (values) => values[scalar] ?? Number.NaN)
    return [`scalar_${scalar}`, { type: 'float32', data, shape: [steps] }]
  })
  return Object.fromEntries(inputs)
}

/** Dropout masks for each step: a function of seed, step and layer alone. */
function masksOf(step: StepGraph, seed: number, done: number, steps: number): Record<string, RuntimeTensor> {
  const inputs = step.masks.map(({ value, keep }, layer): [string, RuntimeTensor] => {
    const size = sizeOf(value.shape)
    const data = new Uint8Array(steps * size)
    for (let i = 0; i < steps; i++) {
      fillMask(data.subarray(i * size, (i + 1) * size), keep, randomStream(seed, 'dropout', done + i, layer))
    }
    return [`mask_${layer}`, { type: 'uint8', data, shape: [steps, ...value.shape] }]
  })
  return Object.fromEntries(inputs)
}

/** Ones with probability `keep`, to the nearest 2⁻¹⁶: two masks' worth from each random number. */
export function fillMask(mask: Uint8Array, keep: number, random: Random): void {
  const threshold = Math.round(keep * 2 ** 16)
  for (let i = 0; i < mask.length; i += 2) {
    const bits = random()
    mask[i] = (bits & 0xffff) < threshold ? 1 : 0
    mask[i + 1] = bits >>> 16 < threshold ? 1 : 0
  }
}
