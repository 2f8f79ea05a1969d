import { forwardGraph } from './forward.ts'
import { sizeOf } from './ir/graph.ts'
import type { ModelSpec } from './model.ts'
import { chunkSizes } from './onnx/chunks.ts'
import { lowerLoop } from './onnx/loop.ts'
import { openRuntime, type RuntimeTensor } from './onnx/runtime.ts'
import type { UpdateRule } from './optimizers/rule.ts'
import { type Random, randomStream } from './random.ts'
import { type StepGraph, stepGraph } from './step.ts'
import type { Normalisation } from './types.ts'

/** The data that steps take samples from. */
export interface Samples {
  readonly images: Uint8Array
  readonly labels: Int32Array
}

/** Sums of each step's batch. */
export interface StepSums {
  readonly losses: Float32Array
  readonly correct: Float32Array
}

/** Runs training steps of one batch size. */
export interface Stepper {
  /** Runs `rows.length / batchSize` steps; `rows` are indices of samples, `done` the steps of the trial so far. Replaces the arrays in `state`. */
  run(samples: Samples, rows: Int32Array, done: number, state: Float32Array[]): Promise<StepSums>
  close(): Promise<void>
}

export interface StepperOptions {
  readonly batchSize: number
  readonly normalisation: Normalisation
  readonly rule: UpdateRule
  readonly seed: number
  readonly threads: number
}

/** Compiles the training step of a model for one batch size. */
export async function openStepper(model: ModelSpec, options: StepperOptions): Promise<Stepper> {
  const { batchSize, normalisation, rule } = options
  const sample = forwardGraph(model, normalisation, 1)
  const step = stepGraph(model, {
    batchSize,
    normalisation,
    rule,
    chunkSizes: chunkSizes(sample.graph.nodes, batchSize),
  })
  const runtime = await openRuntime(lowerLoop(step), options.threads)
  const imageSize = sizeOf(model.inputShape)
  return {
    async run({ images, labels }, rows, done, state) {
      const steps = rows.length / batchSize
      const inputs: Record<string, RuntimeTensor> = {
        count: { type: 'int64', data: BigInt64Array.of(BigInt(steps)), shape: [] },
        images: { type: 'uint8', data: takeImages(images, rows, imageSize), shape: [steps, ...step.images.shape] },
        labels: { type: 'int32', data: rows.map((row) => labels[row] ?? -1), shape: [steps, batchSize] },
        ...masksOf(step, options.seed, done, steps),
        ...scalarsOf(rule, done, steps),
      }
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

/** Copies the images of `rows`, one after the other. The runtime takes no shared memory, so a copy there must be. */
function takeImages(images: Uint8Array, rows: Int32Array, imageSize: number): Uint8Array {
  const taken = new Uint8Array(rows.length * imageSize)
  rows.forEach((row, i) => {
    taken.set(images.subarray(row * imageSize, (row + 1) * imageSize), i * imageSize)
  })
  return taken
}

/** The rule's scalars for each step, one input per scalar. */
function scalarsOf(rule: UpdateRule, done: number, steps: number): Record<string, RuntimeTensor> {
  const perStep = Array.from({ length: steps }, (_, i) => rule.scalarsAt(done + i + 1))
  const inputs = rule.scalarsAt(1).map((_, scalar): [string, RuntimeTensor] => {
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
