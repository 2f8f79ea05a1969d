import { EngineError } from './errors.ts'
import { sizeOf } from './ir/graph.ts'
import type { ModelSpec } from './model/spec.ts'
import type { StepSums } from './stepper.ts'

/** The steps before the first whose loss is not finite. */
export function finitePart(sums: StepSums): StepSums {
  const index = sums.losses.findIndex((loss) => !Number.isFinite(loss))
  if (index < 0) return sums
  return { losses: sums.losses.subarray(0, index), correct: sums.correct.subarray(0, index) }
}

/** Throws `E_NON_FINITE`, naming the step: the first of those of a call, after `done` before. */
export function requireFinite({ losses }: StepSums, epoch: number, done: number): void {
  const index = losses.findIndex((loss) => !Number.isFinite(loss))
  if (index < 0) return
  throw new EngineError('E_NON_FINITE', `epoch ${epoch}, step ${done + index + 1}`, 'a finite loss', `${losses[index]}`)
}

/** After a call whose losses were all finite, it was the last step that broke a weight. */
export function requireFiniteWeights(
  model: ModelSpec,
  state: readonly Float32Array[],
  epoch: number,
  step: number,
): void {
  let offset = 0
  for (const part of state) {
    if (!areFinite(part)) {
      const index = part.findIndex((value) => !Number.isFinite(value))
      const at = `epoch ${epoch}, step ${step}, ${parameterNameAt(model, offset + index)}`
      throw new EngineError('E_NON_FINITE', at, 'finite weights', `${part[index]}`)
    }
    offset += part.length
  }
}

/**
 * Whether all numbers are finite: 0 times one that is not gives NaN, and a sum with that is NaN. Millions are looked at in each call of the runtime:
 * without a function for each it takes a tenth of the time.
 */
function areFinite(numbers: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < numbers.length; i++) sum += 0 * (numbers[i] ?? 0)
  return sum === 0
}

/** The parameter at a place of the state; what comes after them is the optimiser's. */
function parameterNameAt({ parameters }: ModelSpec, place: number): string {
  const found = parameters.find(({ start, shape }) => place >= start && place < start + sizeOf(shape))
  return found === undefined || found.role === 'fixed' ? "the optimiser's state" : found.name
}
