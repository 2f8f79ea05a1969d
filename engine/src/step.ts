import { buildModel, imagesShape, logitsOf, normalise } from './forward.ts'
import { differentiate } from './ir/differentiate.ts'
import { abs, plus, times } from './ir/elementwise.ts'
import { type Graph, newGraph, type Shape, type Value } from './ir/graph.ts'
import { sum } from './ir/linear.ts'
import { poolFirst, prune } from './ir/passes.ts'
import { constant, filled, flatten, input, slice, toFloat } from './ir/shape.ts'
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
  /** Samples per pass through forward and backward; the gradients of a batch's passes are added up. */
  readonly chunkSizes: readonly number[]
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
  const total = allChunks(graph, model, batch, weights, options)
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
}

function allChunks(
  g: Graph,
  model: ModelSpec,
  batch: Batch,
  weights: Weights,
  options: StepOptions,
): Totals & { masks: Mask[] } {
  const masks = new Map<string, Mask>()
  let totals: Totals | undefined
  let start = 0
  for (const size of options.chunkSizes) {
    const chunk = (value: Value): Value => (size === options.batchSize ? value : slice(g, value, 0, start, size))
    const training: Training = {
      mask(name: string, shape: Shape, keep: number): Value {
        const value = masks.get(name)?.value ?? input(g, name, [options.batchSize, ...shape.slice(1)], 'byte')
        masks.set(name, { value, keep })
        return toFloat(g, chunk(value))
      },
      update: weights.replace,
    }
    const { images, labels, targets, sampleWeights } = batch
    const part: Batch = {
      images: chunk(images),
      labels: chunk(labels),
      targets: targets && chunk(targets),
      sampleWeights: sampleWeights && chunk(sampleWeights),
    }
    const own = oneChunk(g, model, part, weights, options, training)
    totals = totals === undefined ? own : addTotals(g, totals, own)
    start += size
  }
  if (totals === undefined || start !== options.batchSize) throw new Error('chunks do not add up to the batch')
  return { ...totals, masks: [...masks.values()] }
}

function oneChunk(
  g: Graph,
  model: ModelSpec,
  { images, labels, targets, sampleWeights }: Batch,
  weights: Weights,
  { normalisation, batchSize, classCount, loss, optimise = true }: StepOptions,
  training: Training,
): Totals {
  const parameters = ofRole(model, 'trained').map(({ name }) => weights.get(name))
  const output = buildModel(g, model, normalise(g, images, normalisation), weights, training)
  if (optimise) poolFirst(g)
  const logits = logitsOf(g, model, output, loss.activation)
  const { losses, correct } = loss.build(g, { output, logits, labels, targets, classCount })
  const weighted = sampleWeights === null ? losses : times(g, losses, sampleWeights)
  const total = sum(g, weighted, [0])
  const [size = 0] = labels.shape
  const objective = penalised(g, model, weights, total, size)
  const gradients = differentiate(g, objective, filled(g, [], 1 / batchSize), parameters)
  return { loss: total, correct: sum(g, correct, [0]), gradients }
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

function addTotals(g: Graph, a: Totals, b: Totals): Totals {
  const gradients = a.gradients.map((gradient, i) => plus(g, gradient, b.gradients[i] ?? gradient))
  return { loss: plus(g, a.loss, b.loss), correct: plus(g, a.correct, b.correct), gradients }
}
