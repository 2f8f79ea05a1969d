import { EngineError, unreachable } from '../errors.ts'
import type { Adam, Optimizer, Sgd } from '../types.ts'
import { adamRule } from './adam.ts'
import type { UpdateRule } from './rule.ts'
import { sgdRule } from './sgd.ts'

/** Adam. Learning rate > 0; defaults β₁ 0.9, β₂ 0.999, ε 1e-7, those of TensorFlow.js, no decay and no clipping. */
export function adam(learningRate: number, options: Partial<Omit<Adam, 'type' | 'learningRate'>> = {}): Adam {
  const made: Adam = { type: 'adam', learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, ...options }
  requireRange('adam.learningRate', made.learningRate, made.learningRate > 0, 'a number > 0')
  requireRange('adam.beta1', made.beta1, made.beta1 >= 0 && made.beta1 < 1, 'a number 0 ≤ x < 1')
  requireRange('adam.beta2', made.beta2, made.beta2 >= 0 && made.beta2 < 1, 'a number 0 ≤ x < 1')
  requireRange('adam.epsilon', made.epsilon, made.epsilon > 0, 'a number > 0')
  requireRange('adam.weightDecay', made.weightDecay ?? 0, (made.weightDecay ?? 0) >= 0, 'a number ≥ 0')
  return withClipping('adam', made)
}

/** AdamW: Adam with weight decay, default 0.004 as in Keras. */
export const adamW = (learningRate: number, options: Partial<Omit<Adam, 'type' | 'learningRate'>> = {}): Adam =>
  adam(learningRate, { weightDecay: 0.004, ...options })

/** Gradient descent. Learning rate > 0; momentum 0 ≤ x < 1, default 0; `nesterov` needs one above 0. */
export function sgd(learningRate: number, options: Partial<Omit<Sgd, 'type' | 'learningRate'>> = {}): Sgd {
  const made: Sgd = { type: 'sgd', learningRate, momentum: 0, ...options }
  requireRange('sgd.learningRate', made.learningRate, made.learningRate > 0, 'a number > 0')
  requireRange('sgd.momentum', made.momentum, made.momentum >= 0 && made.momentum < 1, 'a number 0 ≤ x < 1')
  if (made.nesterov) requireRange('sgd.momentum', made.momentum, made.momentum > 0, 'a number > 0, for nesterov')
  return withClipping('sgd', made)
}

/** The update of an optimiser. Add a case to support another. */
export function updateRule(optimizer: Optimizer): UpdateRule {
  switch (optimizer.type) {
    case 'adam':
      return adamRule(optimizer)
    case 'sgd':
      return sgdRule(optimizer)
    default:
      return unreachable(optimizer)
  }
}

function withClipping<O extends Optimizer>(place: string, made: O): O {
  for (const key of ['clipNorm', 'clipValue'] as const) {
    const limit = made[key]
    if (limit !== undefined) requireRange(`${place}.${key}`, limit, limit > 0, 'a number > 0')
  }
  return made
}

function requireRange(at: string, value: number, isInside: boolean, expected: string): void {
  if (!Number.isFinite(value) || !isInside) throw new EngineError('E_INPUT', at, expected, `${value}`)
}
