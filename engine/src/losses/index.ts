import { EngineError, unreachable } from '../errors.ts'
import { show } from '../layers/fields.ts'
import type { Loss, LossName, LossOptions } from '../types.ts'
import { binary, categorical, distilled } from './crossentropy.ts'
import { contrastive, tripletHard, tripletSemiHard } from './embedding.ts'
import type { LossRule } from './rule.ts'
import { squared } from './squared.ts'

const NAMES = [
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
  'binaryCrossentropy',
  'meanSquaredError',
  'contrastive',
  'triplet',
  'distillation',
] as const satisfies readonly LossName[]

/** The rule of a loss. Add a case to support another. Throws `E_UNSUPPORTED` for a name it does not know, `E_INPUT` for wrong numbers. */
export function lossRule(loss: Loss): LossRule {
  const given = typeof loss === 'string' ? { type: loss } : loss
  const type = NAMES.find((name) => name === given.type)
  if (type === undefined) throw new EngineError('E_UNSUPPORTED', 'loss', `one of ${NAMES.join(', ')}`, show(given.type))
  return ruleOf(given)
}

function ruleOf(loss: LossOptions): LossRule {
  switch (loss.type) {
    case 'categoricalCrossentropy':
    case 'sparseCategoricalCrossentropy':
      return categorical(smoothingOf(loss))
    case 'binaryCrossentropy':
      return binary(smoothingOf(loss))
    case 'meanSquaredError':
      return squared
    case 'contrastive':
      return contrastive(inRange('loss.margin', loss.margin ?? 1, 0))
    case 'triplet': {
      const margin = inRange('loss.margin', loss.margin ?? 0.2, 0)
      return loss.mining === 'semiHard' ? tripletSemiHard(margin) : tripletHard(margin)
    }
    case 'distillation':
      return distilled(
        inRange('loss.temperature', loss.temperature ?? 4, 0),
        inRange('loss.weight', loss.weight ?? 0.9, 0, 1),
      )
    default:
      return unreachable(loss)
  }
}

const smoothingOf = ({ labelSmoothing = 0 }: { readonly labelSmoothing?: number }): number => {
  if (labelSmoothing >= 0 && labelSmoothing < 1) return labelSmoothing
  throw new EngineError('E_INPUT', 'loss.labelSmoothing', 'a number 0 ≤ x < 1', `${labelSmoothing}`)
}

/** A number above `min`, up to `max`. */
function inRange(place: string, value: number, min: number, max = Number.MAX_VALUE): number {
  if (value > min && value <= max) return value
  throw new EngineError(
    'E_INPUT',
    place,
    max === Number.MAX_VALUE ? `a number > ${min}` : `a number ${min} < x ≤ ${max}`,
    `${value}`,
  )
}
