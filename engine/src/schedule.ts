import { EngineError, unreachable } from './errors.ts'
import type { Schedule } from './types.ts'

/** Where in a call of `fit` a step is: epochs done, counted with fractions, of how many. */
export interface Moment {
  readonly epochsDone: number
  readonly epochs: number
  /** Validation losses of the epochs done in this call. */
  readonly validationLosses: readonly number[]
}

/** The factor on the learning rate at a moment. A function of its arguments alone, so that it goes on after an interruption. */
export function rateFactor(schedule: Schedule, { epochsDone, epochs, validationLosses }: Moment): number {
  const { warmUpEpochs = 0 } = schedule
  if (epochsDone < warmUpEpochs) return epochsDone / warmUpEpochs
  switch (schedule.type) {
    case 'constant':
      return 1
    case 'step':
      return (schedule.factor ?? 0.1) ** Math.floor((epochsDone - warmUpEpochs) / schedule.every)
    case 'cosine': {
      const { floor = 0 } = schedule
      const share = (epochsDone - warmUpEpochs) / Math.max(Number.EPSILON, epochs - warmUpEpochs)
      return floor + ((1 - floor) * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2
    }
    case 'exponential':
      return schedule.end ** ((epochsDone - warmUpEpochs) / Math.max(Number.EPSILON, epochs - warmUpEpochs))
    case 'plateau': {
      const { factor = 0.1, floor = 0, patience = 3 } = schedule
      return Math.max(floor, factor ** plateaus(validationLosses.slice(Math.ceil(warmUpEpochs)), patience))
    }
    default:
      return unreachable(schedule)
  }
}

/** How often `patience` losses in a row were no new lowest. */
function plateaus(losses: readonly number[], patience: number): number {
  let [count, waited, best] = [0, 0, Number.POSITIVE_INFINITY]
  for (const loss of losses) {
    waited = loss < best ? 0 : waited + 1
    best = Math.min(best, loss)
    if (waited < patience) continue
    count++
    waited = 0
  }
  return count
}

/** Throws `E_INPUT` for a schedule that makes no sense. */
export function requireSchedule(schedule: Schedule, epochs: number, hasValidation: boolean): void {
  const require = (key: string, value: number, isRight: boolean, expected: string): void => {
    if (!isRight) throw new EngineError('E_INPUT', `schedule.${key}`, expected, `${value}`)
  }
  const fraction = (key: string, value: number): void =>
    require(key, value, value >= 0 && value <= 1, 'a number 0 ≤ x ≤ 1')
  const { warmUpEpochs = 0 } = schedule
  require('warmUpEpochs', warmUpEpochs, warmUpEpochs >= 0 &&
    warmUpEpochs <= epochs, `a number from 0 to ${epochs}, the epochs`)
  switch (schedule.type) {
    case 'constant':
      return
    case 'step':
      require('every', schedule.every, schedule.every > 0, 'epochs, a number > 0')
      return fraction('factor', schedule.factor ?? 0.1)
    case 'cosine':
      return fraction('floor', schedule.floor ?? 0)
    case 'exponential':
      return require('end', schedule.end, schedule.end > 0 && Number.isFinite(schedule.end), 'a finite number > 0')
    case 'plateau': {
      const { patience = 3 } = schedule
      if (!hasValidation) throw new EngineError('E_INPUT', 'schedule', 'a validation set to look at', 'none')
      require('patience', patience, Number.isInteger(patience) && patience > 0, 'an integer > 0')
      fraction('factor', schedule.factor ?? 0.1)
      return fraction('floor', schedule.floor ?? 0)
    }
    default: {
      const { type }: { readonly type: string } = schedule
      throw new EngineError('E_INPUT', 'schedule.type', 'constant, step, cosine, exponential or plateau', type)
    }
  }
}
