import { buildLayers, normalise } from './forward.ts'
import { differentiate } from './ir/differentiate.ts'
import { plus } from './ir/elementwise.ts'
import { type Graph, newGraph, type Value } from './ir/graph.ts'
import { sum } from './ir/linear.ts'
import { crossEntropy, isCorrect } from './ir/loss.ts'
import { poolFirst, prune } from './ir/passes.ts'
import { filled, flatten, input, slice, toFloat, unflatten } from './ir/shape.ts'
import type { ModelSpec } from './model.ts'
import type { UpdateRule } from './optimizers/rule.ts'
import type { Normalisation } from './types.ts'

/** A random mask that the step reads: bytes 0 or 1, 1 with probability `keep`. */
export interface Mask {
  readonly value: Value
  readonly keep: number
}

/** One whole training step as a graph: images, labels and state in; state, loss and correct predictions out. */
export interface StepGraph {
  readonly graph: Graph
  readonly images: Value
  readonly labels: Value
  readonly masks: readonly Mask[]
  readonly scalars: readonly Value[]
  /** Weights first, then the optimiser's slots. Flat vectors, replaced at every step. */
  readonly state: readonly { readonly before: Value; readonly after: Value }[]
  /** Sum of the losses of the batch's samples. */
  readonly loss: Value
  /** Number of samples whose largest probability is the label's. */
  readonly correct: Value
  /** Gradient of the mean loss, flat, as the weights. */
  readonly gradient: Value
}

export interface StepOptions {
  readonly batchSize: number
  /** Samples per pass through forward and backward; the gradients of a batch's passes are added up. */
  readonly chunkSizes: readonly number[]
  readonly normalisation: Normalisation
  readonly rule: UpdateRule
  /** Rewrites the forward pass for speed; default true. */
  readonly optimise?: boolean
}

/** Builds the training step of a model. */
export function stepGraph(model: ModelSpec, options: StepOptions): StepGraph {
  const { batchSize, rule } = options
  const graph = newGraph()
  const images = input(graph, 'images', [batchSize, ...model.inputShape], 'byte')
  const labels = input(graph, 'labels', [batchSize], 'int')
  const scalars = rule.scalarsAt(1).map((_, i) => input(graph, `scalar_${i}`, []))
  const weights = input(graph, 'weights', [model.parameterCount])
  const slots = Array.from({ length: rule.slotCount }, (_, i) => input(graph, `slot_${i}`, [model.parameterCount]))
  const parameters = unflatten(
    graph,
    weights,
    model.parameters.map(({ shape }) => shape),
  )
  const total = allChunks(graph, model, { images, labels, parameters }, options)
  const gradient = flatten(graph, total.gradients)
  const next = rule.build(graph, { weights, slots, gradient, scalars })
  const state = [
    { before: weights, after: next.weights },
    ...slots.map((before, i) => ({ before, after: next.slots[i] ?? before })),
  ]
  const { loss, correct, masks } = total
  graph.nodes = prune(graph.nodes, [loss, correct, gradient, ...state.map(({ after }) => after)])
  return { graph, images, labels, masks, scalars, state, loss, correct, gradient }
}

interface Batch {
  readonly images: Value
  readonly labels: Value
  readonly parameters: readonly Value[]
}

interface Totals {
  readonly loss: Value
  readonly correct: Value
  readonly gradients: readonly Value[]
}

function allChunks(g: Graph, model: ModelSpec, batch: Batch, options: StepOptions): Totals & { masks: Mask[] } {
  const masks = new Map<string, Mask>()
  let totals: Totals | undefined
  let start = 0
  for (const size of options.chunkSizes) {
    const chunk = (value: Value): Value => (size === options.batchSize ? value : slice(g, value, 0, start, size))
    const mask = (name: string, shape: readonly number[], keep: number): Value => {
      const value = masks.get(name)?.value ?? input(g, name, [options.batchSize, ...shape.slice(1)], 'byte')
      masks.set(name, { value, keep })
      return toFloat(g, chunk(value))
    }
    const part = { ...batch, images: chunk(batch.images), labels: chunk(batch.labels) }
    const own = oneChunk(g, model, part, options, mask)
    totals = totals === undefined ? own : addTotals(g, totals, own)
    start += size
  }
  if (totals === undefined || start !== options.batchSize) throw new Error('chunks do not add up to the batch')
  return { ...totals, masks: [...masks.values()] }
}

function oneChunk(
  g: Graph,
  model: ModelSpec,
  { images, labels, parameters }: Batch,
  { normalisation, batchSize, optimise = true }: StepOptions,
  mask: (name: string, shape: readonly number[], keep: number) => Value,
): Totals {
  const { logits } = buildLayers(g, model, normalise(g, images, normalisation), parameters, { mask })
  if (optimise) poolFirst(g)
  const losses = crossEntropy(g, logits, labels)
  const gradients = differentiate(g, losses, filled(g, losses.shape, 1 / batchSize), parameters)
  return { loss: sum(g, losses, [0]), correct: sum(g, isCorrect(g, logits, labels), [0]), gradients }
}

function addTotals(g: Graph, a: Totals, b: Totals): Totals {
  const gradients = a.gradients.map((gradient, i) => plus(g, gradient, b.gradients[i] ?? gradient))
  return { loss: plus(g, a.loss, b.loss), correct: plus(g, a.correct, b.correct), gradients }
}
