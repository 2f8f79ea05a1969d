import { EngineError } from './errors.ts'
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
  const runEpoch = async (request: EpochRequest, progress: Progress): Promise<Omit<EpochResult, 'validation'>> => {
    const { data, batchSize } = request
    const count = data.labels.length
    const order = shuffled(count, randomStream(options.seed, 'order', request.epochsDone))
    const rest = count % batchSize
    const parts = [{ stepper: await stepperFor(batchSize), size: batchSize, rows: order.subarray(0, count - rest) }]
    if (rest > 0) parts.push({ stepper: await stepperFor(rest), size: rest, rows: order.subarray(count - rest) })
    const startedMs = performance.now()
    const total = newMean()
    for (const { stepper, size, rows } of parts) {
      for await (const sums of calls(stepper, size, rows, request)) {
        const recent = newMean()
        for (const mean of [total, recent]) addSums(mean, sums, size)
        requireFinite(sums, request.epoch, done)
        done += sums.losses.length
        progress.report({ epoch: request.epoch, step: done, steps: request.steps, ...averages(recent) })
        if (progress.isStopped()) throw new Stopped()
      }
    }
    return { step: done, ...averages(total), seconds: (performance.now() - startedMs) / 1000 }
  }
  /** Runs all rows, some steps per call; as many as take about CALL_MS. */
  async function* calls(
    stepper: Stepper,
    size: number,
    rows: Int32Array,
    { data }: EpochRequest,
  ): AsyncGenerator<StepSums> {
    let perCall = 1
    for (let start = 0; start < rows.length; ) {
      const taken = rows.subarray(start, start + perCall * size)
      const calledMs = performance.now()
      yield await stepper.run(data, taken, done, state)
      const msPerStep = (performance.now() - calledMs) / (taken.length / size)
      start += taken.length
      perCall = Math.min(MAX_STEPS_PER_CALL, Math.max(1, Math.round(CALL_MS / msPerStep)))
    }
  }
  return { run: runEpoch, weights: () => state[0] ?? options.weights }
}

/** Sums over samples. */
interface Mean {
  loss: number
  correct: number
  samples: number
}

const newMean = (): Mean => ({ loss: 0, correct: 0, samples: 0 })

function addSums(mean: Mean, { losses, correct }: StepSums, batchSize: number): void {
  for (const loss of losses) mean.loss += loss
  for (const count of correct) mean.correct += count
  mean.samples += losses.length * batchSize
}

const averages = ({ loss, correct, samples }: Mean): { loss: number; accuracy: number } => ({
  loss: loss / samples,
  accuracy: correct / samples,
})

function requireFinite({ losses }: StepSums, epoch: number, done: number): void {
  const index = losses.findIndex((loss) => !Number.isFinite(loss))
  if (index < 0) return
  throw new EngineError('E_NON_FINITE', `epoch ${epoch}, step ${done + index + 1}`, 'a finite loss', `${losses[index]}`)
}
