import { EngineError } from './errors.ts'
import { addSums, averages, joined, newMean } from './mean.ts'
import type { EpochRequest, EpochResult } from './messages.ts'
import type { ModelSpec } from './model.ts'
import { updateRule } from './optimizers/index.ts'
import { randomStream, shuffled } from './random.ts'
import type { Progress } from './session.ts'
import { openStepper, type Stepper, type StepSums } from './stepper.ts'
import { Stopped } from './stopped.ts'
import type { Normalisation, Optimizer } from './types.ts'

/** How long one call of the runtime should take: reports and stopping wait for its end. */
const CALL_MS = 100
/** Most steps in one call, so that masks and row numbers stay small. */
const MAX_STEPS_PER_CALL = 512

/** Training over whole epochs; holds weights and optimiser state between them. */
export interface Epochs {
  run(request: EpochRequest, progress: Progress): Promise<Omit<EpochResult, 'validation'>>
  weights(): Float32Array
}

export interface EpochsOptions {
  readonly weights: Float32Array
  readonly normalisation: Normalisation
  readonly threads: number
  readonly optimizer: Optimizer
  readonly seed: number
}

export function openEpochs(model: ModelSpec, options: EpochsOptions): Epochs {
  const rule = updateRule(options.optimizer)
  const slots = Array.from({ length: rule.slotCount }, () => new Float32Array(model.parameterCount))
  const state = [options.weights, ...slots]
  const steppers = new Map<number, Promise<Stepper>>()
  const stepperFor = (batchSize: number): Promise<Stepper> => {
    const known = steppers.get(batchSize) ?? openStepper(model, { ...options, rule, batchSize })
    steppers.set(batchSize, known)
    return known
  }
  let done = 0
  let before = newMean()
  const run: Epochs['run'] = async ({ data, batchSize, epoch, epochsDone, stepsLeft }, { report, isStopped }) => {
    const steps = done + stepsLeft
    const order = shuffled(data.labels.length, randomStream(options.seed, 'order', epochsDone))
    const parts = await Promise.all(
      splitOrder(order, batchSize).map(async ({ rows, size }) => ({ rows, size, stepper: await stepperFor(size) })),
    )
    const startedMs = performance.now()
    const total = newMean()
    for (const { stepper, size, rows } of parts) {
      for (const taken of pieces(rows, size)) {
        const sums = await stepper.run(data, taken, done, state)
        requireFinite(sums, epoch, done)
        done += sums.losses.length
        const recent = newMean()
        for (const mean of [total, recent]) addSums(mean, sums, size)
        // The first call of an epoch and the rest of its samples are few: alone, they would be spikes in a curve.
        const shown = recent.samples < before.samples ? joined(before, recent) : recent
        before = recent
        report({ epoch, step: done, steps, ...averages(shown) })
        if (isStopped()) throw new Stopped()
      }
    }
    return { step: done, ...averages(total), seconds: (performance.now() - startedMs) / 1000 }
  }
  return { run, weights: () => state[0] ?? options.weights }
}

/** Whole batches, and then one smaller batch of what is left: every sample is used once. */
function splitOrder(order: Int32Array, batchSize: number): { rows: Int32Array; size: number }[] {
  const rest = order.length % batchSize
  const parts = [
    { rows: order.subarray(0, order.length - rest), size: batchSize },
    { rows: order.subarray(order.length - rest), size: rest },
  ]
  return parts.filter(({ rows }) => rows.length > 0)
}

/** Yields rows for some steps at a time, as many as take about CALL_MS; the time between two yields is that of the steps. */
function* pieces(rows: Int32Array, size: number): Generator<Int32Array> {
  let perCall = 1
  for (let start = 0; start < rows.length; ) {
    const taken = rows.subarray(start, start + perCall * size)
    const startedMs = performance.now()
    yield taken
    const msPerStep = (performance.now() - startedMs) / (taken.length / size)
    start += taken.length
    perCall = Math.min(MAX_STEPS_PER_CALL, Math.max(1, Math.round(CALL_MS / msPerStep)))
  }
}

function requireFinite({ losses }: StepSums, epoch: number, done: number): void {
  const index = losses.findIndex((loss) => !Number.isFinite(loss))
  if (index < 0) return
  throw new EngineError('E_NON_FINITE', `epoch ${epoch}, step ${done + index + 1}`, 'a finite loss', `${losses[index]}`)
}
