import { minus, over, plus, sqrt, times } from '../ir/elementwise.ts'
import { constant } from '../ir/shape.ts'
import type { Adam } from '../types.ts'
import type { UpdateRule } from './rule.ts'

/**
 * Adam in the order of operations at the end of section 2 of arXiv:1412.6980: bias corrections are in the step size. The slots hold
 * m / (1 − β₁) and v / (1 − β₂), which saves two multiplications of every weight; the step's two scalars make up for it.
 */
export function adamRule({ learningRate, beta1, beta2, epsilon, weightDecay = 0, ...clipping }: Adam): UpdateRule {
  return {
    slotCount: 2,
    clipping,
    scalarsAt(step, factor) {
      const correction = Math.sqrt(1 - beta2 ** step)
      const scale = Math.sqrt(1 - beta2)
      const rate = (factor * learningRate * correction * (1 - beta1)) / (1 - beta1 ** step) / scale
      const scalars = [rate, (epsilon * correction) / scale]
      return weightDecay === 0 ? scalars : [...scalars, 1 - factor * learningRate * weightDecay]
    },
    build(g, { weights, slots: [m, v], gradient, scalars: [rate, floor, keep] }) {
      if (!m || !v || !rate || !floor) throw new Error('adam: two slots and two scalars')
      const m2 = plus(g, times(g, m, constant(g, [], [beta1])), gradient)
      const v2 = plus(g, times(g, v, constant(g, [], [beta2])), times(g, gradient, gradient))
      const step = over(g, times(g, m2, rate), plus(g, sqrt(g, v2), floor))
      const kept = keep === undefined ? weights : times(g, weights, keep)
      return { weights: minus(g, kept, step), slots: [m2, v2] }
    },
  }
}
