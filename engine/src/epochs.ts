import { EngineError } from './errors.ts'
import { addSums, averages, joined, type Mean, newMean } from './mean.ts'
import type { EpochRequest, TrainingState } from './messages.ts'
import type { ModelSpec } from './model.ts'
import { updateRule } from './optimizers/index.ts'
import { randomStream, shuffled } from './random.ts'
import type { Progress } from './session.ts'
import { openStepper, type Stepper, type StepSums } from './stepper.ts'
import { Stopped } from './stopped.ts'
import type { Normalisation, Optimizer, PartialEpoch } from './types.ts'

/** How long one call of the runtime should take: reports and stopping wait for its end. */
const CALL_MS = 100
/** Most steps in one call, so that masks and row numbers stay small. */
const MAX_STEPS_PER_CALL = 512

/** Where training stands, but for what the session knows of the best epoch. */
export type EpochsState = Omit<TrainingState, 'best'>

/** Training over whole epochs; holds weights and optimiser state between them. */
export interface Epochs {
  /** Answers the whole epoch's sums. `onCheckpoint` is told every `checkpointEveryMs`, and before `Stopped` is thrown. */
  run(request: EpochRequest, progress: Progress, onCheckpoint: (state: EpochsState) => void): Promise<PartialEpoch>
  /** Since the start. */
  stepsDone(): number
  weights(): Float32Array
  setWeights(weights: Float32Array): void
  /** A copy, `epochsDone` epochs after the start and `partial` into the next. */
  snapshot(epochsDone: number, partial: PartialEpoch): EpochsState
  /** Throws EngineError E_INPUT when it is of another model or optimiser. */
  restore(state: EpochsState): void
}

export interface EpochsOptions {
  readonly weights: Float32Array
  readonly normalisation: Normalisation
  readonly threads: number
  readonly optimizer: Optimizer
  readonly seed: number
}

/** What an `Epochs` holds: weights and slots, replaced by each call of the runtime. */
interface Held {
  readonly state: Float32Array[]
  done: number
  /** The means reported last, of which some go into the next report. */
  before: Mean
}

export function openEpochs(model: ModelSpec, options: EpochsOptions): Epochs {
  const rule = updateRule(options.optimizer)
  const slots = Array.from({ length: rule.slotCount }, () => new Float32Array(model.parameterCount))
  const held: Held = { state: [options.weights, ...slots], done: 0, before: newMean() }
  const steppers = new Map<number, Promise<Stepper>>()
  const stepperFor = (batchSize: number): Promise<Stepper> => {
    const known = steppers.get(batchSize) ?? openStepper(model, { ...options, rule, batchSize })
    steppers.set(batchSize, known)
    return known
  }
  const snapshot: Epochs['snapshot'] = (epochsDone, partial) => {
    const [weights = options.weights, ...rest] = held.state.map((data) => data.slice())
    return { step: held.done, epochsDone, partial, weights, slots: rest }
  }
  return {
    async run(request, progress, onCheckpoint) {
      const { data, batchSize, epochsDone, partial } = request
      const order = shuffled(data.labels.length, randomStream(options.seed, 'order', epochsDone)).subarray(
        partial.samples,
      )
      const parts = await Promise.all(
        splitOrder(order, batchSize).map(async ({ rows, size }) => ({ rows, size, stepper: await stepperFor(size) })),
      )
      return runParts(held, parts, request, progress, (now) => onCheckpoint(snapshot(epochsDone, now)))
    },
    stepsDone: () => held.done,
    weights: () => held.state[0] ?? options.weights,
    setWeights: (weights) => void held.state.splice(0, 1, weights),
    snapshot,
    restore({ step, weights, slots }) {
      const lengths = [weights, ...slots].map(({ length }) => length)
      const expected = held.state.map(({ length }) => length)
      if (`${lengths}` !== `${expected}`)
        throw new EngineError('E_INPUT', 'from', `a checkpoint of [${expected}] numbers`, `[${lengths}]`)
      held.state.splice(0, held.state.length, weights, ...slots)
      held.done = step
      held.before = newMean()
    },
  }
}

interface Part {
  readonly rows: Int32Array
  readonly size: number
  readonly stepper: Stepper
}

async function runParts(
  held: Held,
  parts: readonly Part[],
  { data, epoch, stepsLeft, partial: { seconds: secondsBefore, ...sumsBefore }, checkpointEveryMs }: EpochRequest,
  { report, isStopped }: Progress,
  onCheckpoint: (partial: PartialEpoch) => void,
): Promise<PartialEpoch> {
  const steps = held.done + stepsLeft
  const total: Mean = { ...sumsBefore }
  const startedMs = performance.now()
  const soFar = (): PartialEpoch => ({ ...total, seconds: secondsBefore + (performance.now() - startedMs) / 1000 })
  let savedMs = performance.now()
  for (const { stepper, size, rows } of parts) {
    for (const taken of pieces(rows, size)) {
      const sums = await stepper.run(data, taken, held.done, held.state)
      requireFinite(sums, epoch, held.done)
      held.done += sums.losses.length
      const recent = newMean()
      for (const mean of [total, recent]) addSums(mean, sums, size)
      // The first call of an epoch and the rest of its samples are few: alone, they would be spikes in a curve.
      const shown = recent.samples < held.before.samples ? joined(held.before, recent) : recent
      held.before = recent
      report({ epoch, step: held.done, steps, ...averages(shown) })
      if (checkpointEveryMs !== null && (isStopped() || performance.now() - savedMs >= checkpointEveryMs)) {
        onCheckpoint(soFar())
        savedMs = performance.now()
      }
      if (isStopped()) throw new Stopped()
    }
  }
  return soFar()
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
