import { minus, plus, times } from '../ir/elementwise.ts'
import { constant } from '../ir/shape.ts'
import type { Sgd } from '../types.ts'
import type { UpdateRule } from './rule.ts'

/** Gradient descent; with momentum μ: velocity ← μ·velocity + gradient, weights ← weights − rate·velocity, as TensorFlow.js and PyTorch do. */
export function sgdRule({ learningRate, momentum }: Sgd): UpdateRule {
  return {
    slotCount: momentum === 0 ? 0 : 1,
    scalarsAt: () => [],
    build(g, { weights, slots: [velocity], gradient }) {
      const rate = constant(g, [], [learningRate])
      if (velocity === undefined) return { weights: minus(g, weights, times(g, gradient, rate)), slots: [] }
      const next = plus(g, times(g, velocity, constant(g, [], [momentum])), gradient)
      return { weights: minus(g, weights, times(g, next, rate)), slots: [next] }
    },
  }
}
