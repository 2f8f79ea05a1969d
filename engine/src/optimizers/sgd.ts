import { minus, plus, times } from '../ir/elementwise.ts'
import { constant } from '../ir/shape.ts'
import type { Sgd } from '../types.ts'
import type { UpdateRule } from './rule.ts'

/**
 * Gradient descent; with momentum μ: velocity ← μ·velocity + gradient, weights ← weights − rate·velocity, as TensorFlow.js and PyTorch do;
 * Nesterov's takes gradient + μ·velocity instead.
 */
export function sgdRule({ learningRate, momentum, nesterov = false, ...clipping }: Sgd): UpdateRule {
  return {
    slotCount: momentum === 0 ? 0 : 1,
    clipping,
    scalarsAt: (_, factor) => [factor * learningRate],
    build(g, { weights, slots: [velocity], gradient, scalars: [rate] }) {
      if (rate === undefined) throw new Error('sgd: one scalar')
      if (velocity === undefined) return { weights: minus(g, weights, times(g, gradient, rate)), slots: [] }
      const share = constant(g, [], [momentum])
      const next = plus(g, times(g, velocity, share), gradient)
      const step = nesterov ? plus(g, times(g, next, share), gradient) : next
      return { weights: minus(g, weights, times(g, step, rate)), slots: [next] }
    },
  }
}
