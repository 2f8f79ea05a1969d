import { buildModel, imagesShape, logitsOf, normalise } from './forward.ts'
import { differentiate } from './ir/differentiate.ts'
import { abs, plus, times } from './ir/elementwise.ts'
import { type Graph, newGraph, type Value } from './ir/graph.ts'
import { sum } from './ir/linear.ts'
import { poolFirst, prune } from './ir/passes.ts'
import { constant, filled, flatten, input, toFloat } from './ir/shape.ts'
import type { Training } from './layers/layer.ts'
import type { LossRule } from './losses/rule.ts'
import { type ModelSpec, ofRole } from './model/spec.ts'
import { openWeights, type Weights } from './model/values.ts'
import { clip } from './optimizers/clip.ts'
import type { UpdateRule } from './optimizers/rule.ts'
import type { Normalisation } from './types.ts'

/** A random mask that the step reads: bytes 0 or 1, 1 with probability `keep`. */
export interface Mask {
  readonly value: Value
  readonly keep: number
}

/** One whole training step as a graph: samples and state in; state, loss and correct predictions out. */
export interface StepGraph {
  readonly graph: Graph
  readonly batch: Batch
  readonly masks: readonly Mask[]
  readonly scalars: readonly Value[]
  /** What is trained, then statistics where there are some, then the optimiser's slots. Flat vectors, replaced at every step. */
  readonly state: readonly { readonly before: Value; readonly after: Value }[]
  /** Parameters that never change, flat; null when there are none. */
  readonly fixed: Value | null
  /** Sum of the losses of the batch's samples, without penalties. */
  readonly loss: Value
  /** Sum of how right the predictions are. */
  readonly correct: Value
  /** Gradient of the mean loss with penalties, flat, as what is trained. */
  readonly gradient: Value
}

/** The samples of a step, as inputs of the graph. */
export interface Batch {
  readonly images: Value
  readonly labels: Value
  readonly targets: Value | null
  readonly sampleWeights: Value | null
}

export interface StepOptions {
  readonly batchSize: number
  readonly normalisation: Normalisation
  readonly rule: UpdateRule
  readonly loss: LossRule
  readonly classCount: number
  readonly hasTargets: boolean
  readonly hasWeights: boolean
  /** Rewrites the forward pass for speed; default true. */
  readonly optimise?: boolean
}

/** Builds the training step of a model. */
export function stepGraph(model: ModelSpec, options: StepOptions): StepGraph {
  const { batchSize, rule } = options
  const graph = newGraph()
  const batch: Batch = {
    images: input(graph, 'images', imagesShape(model, batchSize), 'byte'),
    labels: input(graph, 'labels', [batchSize], 'int'),
    targets: options.hasTargets ? input(graph, 'targets', [batchSize, ...model.outputShape]) : null,
    sampleWeights: options.hasWeights ? input(graph, 'sample_weights', [batchSize]) : null,
  }
  const { sizes } = model
  const scalars = rule.scalarsAt(1, 1).map((_, i) => input(graph, `scalar_${i}`, []))
  const trained = input(graph, 'weights', [sizes.trained])
  const statistics = sizes.statistic > 0 ? input(graph, 'statistics', [sizes.statistic]) : null
  const fixed = sizes.fixed > 0 ? input(graph, 'fixed', [sizes.fixed]) : null
  const slots = Array.from({ length: rule.slotCount }, (_, i) => input(graph, `slot_${i}`, [sizes.trained]))
  const parts = [trained, statistics, fixed].filter((part) => part !== null)
  const weights = openWeights(graph, model, parts)
  const total = oneStep(graph, model, batch, weights, options)
  const gradient = clip(graph, flatten(graph, total.gradients), rule.clipping)
  const next = rule.build(graph, { weights: trained, slots, gradient, scalars })
  const state = [
    { before: trained, after: next.weights },
    ...(statistics === null ? [] : [{ before: statistics, after: statisticsOf(graph, model, weights) }]),
    ...slots.map((before, i) => ({ before, after: next.slots[i] ?? before })),
  ]
  const { loss, correct, masks } = total
  graph.nodes = prune(graph.nodes, [loss, correct, gradient, ...state.map(({ after }) => after)])
  return { graph, batch, masks, scalars, state, fixed, loss, correct, gradient }
}

const statisticsOf = (g: Graph, model: ModelSpec, weights: Weights): Value =>
  flatten(
    g,
    ofRole(model, 'statistic').map(({ name }) => weights.get(name)),
  )

interface Totals {
  readonly loss: Value
  readonly correct: Value
  readonly gradients: readonly Value[]
  readonly masks: readonly Mask[]
}

function oneStep(
  g: Graph,
  model: ModelSpec,
  { images, labels, targets, sampleWeights }: Batch,
  weights: Weights,
  { normalisation, batchSize, classCount, loss, optimise = true }: StepOptions,
): Totals {
  const masks = new Map<string, Mask>()
  const training: Training = {
    mask(name, shape, keep) {
      const value = masks.get(name)?.value ?? input(g, name, shape, 'byte')
      masks.set(name, { value, keep })
      return toFloat(g, value)
    },
    update: weights.replace,
  }
  const parameters = ofRole(model, 'trained').map(({ name }) => weights.get(name))
  const output = buildModel(g, model, normalise(g, images, normalisation), weights, training)
  if (optimise) poolFirst(g)
  const logits = logitsOf(g, model, output, loss.activation)
  const { losses, correct } = loss.build(g, { output, logits, labels, targets, classCount })
  const weighted = sampleWeights === null ? losses : times(g, losses, sampleWeights)
  const total = sum(g, weighted, [0])
  const objective = penalised(g, model, weights, total, batchSize)
  const gradients = differentiate(g, objective, filled(g, [], 1 / batchSize), parameters)
  return { loss: total, correct: sum(g, correct, [0]), gradients, masks: [...masks.values()] }
}

/** Adds the penalties of weights to a sum of losses: once for each sample, so that the mean has them once. */
function penalised(g: Graph, model: ModelSpec, weights: Weights, total: Value, sampleCount: number): Value {
  let objective = total
  for (const { name, shape, penalty } of ofRole(model, 'trained')) {
    if (penalty === null) continue
    const w = weights.get(name)
    const axes = shape.map((_, axis) => axis)
    const add = (x: Value, factor: number): void => {
      if (factor === 0) return
      objective = plus(g, objective, times(g, sum(g, x, axes), constant(g, [], [factor * sampleCount])))
    }
    add(times(g, w, w), penalty.l2)
    add(abs(g, w), penalty.l1)
  }
  return objective
}
