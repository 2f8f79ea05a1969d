import { requireAugmentations } from './augment/index.ts'
import type { CallOptions, Client } from './client.ts'
import { requireInteger, shareSet } from './data.ts'
import { EngineError } from './errors.ts'
import type { LossRule } from './losses/rule.ts'
import { NO_PARTIAL } from './mean.ts'
import type { EpochRequest, EpochResult, TrainingState } from './messages.ts'
import type { ModelSpec } from './model/spec.ts'
import { requireSchedule } from './schedule.ts'
import type { Checkpoint, Epoch, FitOptions, ImageSet, Trainer } from './types.ts'

const MAX_BATCH_SIZE = 65_536
const CHECKPOINT_EVERY_MS = 60_000

/** What does not change while a call of `fit` runs. */
type Plan = Pick<
  EpochRequest,
  'data' | 'validation' | 'batchSize' | 'keepBest' | 'checkpointEveryMs' | 'schedule' | 'augment' | 'epochs'
> & {
  readonly patience: number
  readonly stepsPerEpoch: number
}

/** `fit` of one trainer: a second call trains on from where the first ended. */
export function createFit(client: Client, spec: ModelSpec, rule: LossRule): Trainer['fit'] {
  let epochsDone = 0
  return async function* fit(data: ImageSet, options: FitOptions) {
    const plan = readPlan(data, options, spec, rule)
    const { signal, onStep, onCheckpoint, from } = options
    const finished: Epoch[] = []
    const tell = (state: TrainingState): void => onCheckpoint?.({ ...state, epochs: [...finished] })
    const call: CallOptions = { signal, onStep, onCheckpoint: tell }
    let partial = NO_PARTIAL
    let bestEpoch: number | null = null
    if (from !== undefined) {
      requireFitting(from, plan)
      await client.call({ type: 'restore', state: from })
      epochsDone = from.epochsDone
      partial = from.partial
      bestEpoch = from.best?.epoch ?? null
      for (const epoch of from.epochs) {
        finished.push(epoch)
        yield epoch
      }
    }
    while (finished.length < plan.epochs && !isOutOfPatience(plan, finished.length, bestEpoch)) {
      const result = await client.call(requestOf(plan, finished, epochsDone, partial), call)
      epochsDone++
      partial = NO_PARTIAL
      bestEpoch = result.bestEpoch
      const epoch = epochOf(plan, finished.length + 1, result)
      finished.push(epoch)
      if (result.checkpoint !== null) tell(result.checkpoint)
      yield epoch
    }
    if (bestEpoch !== null && bestEpoch < finished.length) await client.call({ type: 'restoreBest' })
  }
}

function readPlan(data: ImageSet, options: FitOptions, spec: ModelSpec, rule: LossRule): Plan {
  const { epochs, batchSize, patience = 0, checkpointEveryMs = CHECKPOINT_EVERY_MS } = options
  const { schedule = { type: 'constant' }, augment = [] } = options
  requireInteger('epochs', epochs, 1, Number.MAX_SAFE_INTEGER)
  requireInteger('batchSize', batchSize, 1, Math.min(MAX_BATCH_SIZE, data.labels.length))
  requireInteger('patience', patience, 0, Number.MAX_SAFE_INTEGER)
  if (patience > 0 && options.validation === undefined)
    throw new EngineError('E_INPUT', 'patience', 'a validation set to look at, or 0', `${patience} without one`)
  requireAugmentations(augment)
  requireSchedule(schedule, epochs, options.validation !== undefined)
  return {
    data: shareSet(data, spec, rule, 'data', options.classWeights),
    validation: options.validation ? shareSet(options.validation, spec, rule, 'validation') : null,
    schedule,
    augment,
    batchSize,
    keepBest: patience > 0,
    checkpointEveryMs: options.onCheckpoint === undefined ? null : checkpointEveryMs,
    epochs,
    patience,
    stepsPerEpoch: Math.ceil(data.labels.length / batchSize),
  }
}

const isOutOfPatience = ({ patience }: Plan, epoch: number, bestEpoch: number | null): boolean =>
  patience > 0 && epoch - (bestEpoch ?? 0) >= patience

/** Sizes are checked by the worker; here, that the counts can be of such a call. */
function requireFitting({ epochs, partial, epochsDone }: Checkpoint, { data, batchSize, ...plan }: Plan): void {
  const count = data.labels.length
  const isWhole = partial.samples === count || (partial.samples < count && partial.samples % batchSize === 0)
  if (epochs.length > plan.epochs || epochsDone < epochs.length || !isWhole)
    throw new EngineError(
      'E_INPUT',
      'from',
      `a checkpoint of at most ${plan.epochs} epochs of ${count} images in batches of ${batchSize}`,
      `${epochs.length} epochs and ${partial.samples} images`,
    )
}

function requestOf(
  { patience, stepsPerEpoch, ...plan }: Plan,
  finished: readonly Epoch[],
  epochsDone: number,
  partial: Checkpoint['partial'],
): EpochRequest {
  const epoch = finished.length + 1
  const validationLosses = finished.map(({ validationLoss = Number.NaN }) => validationLoss)
  const stepsLeft = (plan.epochs - epoch + 1) * stepsPerEpoch - Math.ceil(partial.samples / plan.batchSize)
  return { type: 'epoch', ...plan, epochsDone, epoch, stepsLeft, partial, validationLosses }
}

function epochOf({ data, epochs }: Plan, epoch: number, result: EpochResult): Epoch {
  const { step, loss, accuracy, seconds, validation } = result
  const samplesPerSecond = data.labels.length / seconds
  const done: Epoch = { epoch, epochs, step, loss, accuracy, seconds, samplesPerSecond }
  if (validation === null) return done
  return { ...done, validationLoss: validation.loss, validationAccuracy: validation.accuracy }
}
