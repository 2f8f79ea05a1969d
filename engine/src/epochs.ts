import { createAugment } from './augment/index.ts'
import { EngineError } from './errors.ts'
import type { Executor } from './executor.ts'
import { finitePart, requireFinite, requireFiniteWeights } from './finite.ts'
import { concatFloats } from './floats.ts'
import { lossRule } from './losses/index.ts'
import { addSums, averages, joined, type Mean, newMean } from './mean.ts'
import type { EpochRequest, SharedSet, TrainingSetup, TrainingState } from './messages.ts'
import type { ModelSpec } from './model/spec.ts'
import { updateRule } from './optimizers/index.ts'
import { pieces, splitOrder } from './pieces.ts'
import { randomStream, shuffled } from './random.ts'
import type { RuntimeOptions } from './runtime.ts'
import { rateFactor } from './schedule.ts'
import type { Progress } from './session.ts'
import type { Position, Stepper } from './stepper.ts'
import { Stopped } from './stopped.ts'
import type { Normalisation, PartialEpoch } from './types.ts'

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

export interface EpochsOptions extends TrainingSetup, RuntimeOptions {
  /** All parameters, flat. */
  readonly weights: Float32Array
  readonly normalisation: Normalisation
}

/** What an `Epochs` holds: the state of the step, replaced by each call of the runtime. */
interface Held {
  readonly state: Float32Array[]
  done: number
  /** The means reported last, of which some go into the next report. */
  before: Mean
}

export function openEpochs(executor: Executor, options: EpochsOptions): Epochs {
  const { model } = executor
  const rule = updateRule(options.optimizer)
  const loss = lossRule(options.loss)
  const { trained, statistic } = model.sizes
  const fixed = options.weights.slice(trained + statistic)
  const slots = Array.from({ length: rule.slotCount }, () => new Float32Array(trained))
  const held: Held = { state: [...partsOf(model, options.weights), ...slots], done: 0, before: newMean() }
  const partCount = held.state.length - slots.length
  const weights = (): Float32Array => concatFloats([...held.state.slice(0, partCount), fixed])
  const steppers = new Map<string, Promise<Stepper>>()
  const stepperFor = (batchSize: number, { targets, sampleWeights, classCount }: SharedSet): Promise<Stepper> => {
    const hasTargets = targets !== null && loss.targets !== 'unused'
    const shape = { batchSize, classCount, hasTargets, hasWeights: sampleWeights !== null }
    const key = JSON.stringify(shape)
    const known = steppers.get(key) ?? executor.openStepper({ ...options, ...shape, rule, loss, fixed })
    steppers.set(key, known)
    return known
  }
  const snapshot: Epochs['snapshot'] = (epochsDone, partial) => {
    const rest = held.state.slice(partCount).map((data) => data.slice())
    return { step: held.done, epochsDone, partial, weights: weights(), slots: rest }
  }
  return {
    async run(request, progress, onCheckpoint) {
      const { data, batchSize, epochsDone, partial } = request
      const order = shuffled(data.labels.length, randomStream(options.seed, 'order', epochsDone)).subarray(
        partial.samples,
      )
      const parts = await Promise.all(
        splitOrder(order, batchSize).map(async ({ rows, size }) => {
          return { rows, size, stepper: await stepperFor(size, data) }
        }),
      )
      const augment = augmentOf(model, request, options.seed)
      return runParts(model, held, parts, { ...request, augment }, progress, (now) =>
        onCheckpoint(snapshot(epochsDone, now)),
      )
    },
    stepsDone: () => held.done,
    weights,
    setWeights: (given) => void held.state.splice(0, partCount, ...partsOf(model, given)),
    snapshot,
    restore({ step, weights: given, slots: givenSlots }) {
      const lengths = [given, ...givenSlots].map(({ length }) => length)
      const expected = [model.parameterCount, ...slots.map(() => trained)]
      if (`${lengths}` !== `${expected}`)
        throw new EngineError('E_INPUT', 'from', `a checkpoint of [${expected}] numbers`, `[${lengths}]`)
      held.state.splice(0, held.state.length, ...partsOf(model, given), ...givenSlots)
      held.done = step
      held.before = newMean()
    },
  }
}

/** The parts of the flat weight vector that a step replaces: what is trained, and statistics where there are some. */
function partsOf({ sizes }: ModelSpec, weights: Float32Array): Float32Array[] {
  const end = sizes.trained + sizes.statistic
  const statistics = sizes.statistic === 0 ? [] : [weights.slice(sizes.trained, end)]
  return [weights.slice(0, sizes.trained), ...statistics]
}

interface Part {
  readonly rows: Int32Array
  readonly size: number
  readonly stepper: Stepper
}

async function runParts(
  model: ModelSpec,
  held: Held,
  parts: readonly Part[],
  request: Omit<EpochRequest, 'augment'> & Pick<Position, 'augment'>,
  { report, isStopped }: Progress,
  onCheckpoint: (partial: PartialEpoch) => void,
): Promise<PartialEpoch> {
  const { data, epoch, stepsLeft, checkpointEveryMs } = request
  const { seconds: secondsBefore, ...sumsBefore } = request.partial
  const steps = held.done + stepsLeft
  const total: Mean = { ...sumsBefore }
  const startedMs = performance.now()
  const soFar = (): PartialEpoch => ({ ...total, seconds: secondsBefore + (performance.now() - startedMs) / 1000 })
  let savedMs = performance.now()
  for (const { stepper, size, rows } of parts) {
    for (const taken of pieces(rows, size)) {
      const position: Position = {
        done: held.done,
        rateFactor: rateFactors(request, total.samples, size),
        augment: request.augment,
      }
      const all = await stepper.run(data, taken, position, held.state)
      const sums = finitePart(all)
      const done = held.done
      held.done += sums.losses.length
      const recent = newMean()
      for (const mean of [total, recent]) addSums(mean, sums, size)
      // The first call of an epoch and the rest of its samples are few: alone, they would be spikes in a curve.
      const shown = recent.samples < held.before.samples ? joined(held.before, recent) : recent
      held.before = recent
      const losses = sums.losses.map((loss) => loss / size)
      if (losses.length > 0) report({ epoch, step: held.done, steps, ...averages(shown), losses })
      requireFinite(all, epoch, done)
      requireFiniteWeights(model, held.state, epoch, held.done)
      if (checkpointEveryMs !== null && (isStopped() || performance.now() - savedMs >= checkpointEveryMs)) {
        onCheckpoint(soFar())
        savedMs = performance.now()
      }
      if (isStopped()) throw new Stopped()
    }
  }
  return soFar()
}

/** An epoch's changes of images; a function of the seed, the epoch and the sample, and not of the batch. */
function augmentOf(
  { inputShape }: ModelSpec,
  { augment, epochsDone }: EpochRequest,
  seed: number,
): Position['augment'] {
  const [height, width, channels] = inputShape
  const change = createAugment(augment, { height, width, channels }, seed)
  return change && ((source, target, row) => change(source, target, { epoch: epochsDone, row }))
}

/** The learning rate's factor at the steps that follow, when `samples` of the epoch are done. */
const rateFactors =
  (
    { schedule, epoch, epochs, data, validationLosses }: Omit<EpochRequest, 'augment'>,
    samples: number,
    batchSize: number,
  ) =>
  (step: number): number => {
    const epochsDone = epoch - 1 + (samples + step * batchSize) / data.labels.length
    return rateFactor(schedule, { epochsDone, epochs, validationLosses })
  }
