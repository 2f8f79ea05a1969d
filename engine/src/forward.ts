import { EngineError } from './errors.ts'
import { plus, times } from './ir/elementwise.ts'
import { type Graph, newGraph, type Value } from './ir/graph.ts'
import { poolFirst, prune } from './ir/passes.ts'
import { constant, input, toFloat, unflatten } from './ir/shape.ts'
import type { Phase } from './layers/layer.ts'
import type { ModelSpec } from './model.ts'
import type { Normalisation } from './types.ts'

/** A prediction: image bytes and weights in, class probabilities out. */
export interface ForwardGraph {
  readonly graph: Graph
  readonly images: Value
  readonly weights: Value
  readonly logits: Value
  readonly probabilities: Value
}

/** The forward graph of `batchSize` images. */
export function forwardGraph(model: ModelSpec, normalisation: Normalisation, batchSize: number): ForwardGraph {
  const graph = newGraph()
  const images = input(graph, 'images', [batchSize, ...model.inputShape], 'byte')
  const weights = input(graph, 'weights', [model.parameterCount])
  const parameters = unflatten(
    graph,
    weights,
    model.parameters.map(({ shape }) => shape),
  )
  const x = normalise(graph, images, normalisation)
  const { logits, probabilities } = buildLayers(graph, model, x, parameters, { mask: null })
  poolFirst(graph)
  graph.nodes = prune(graph.nodes, [logits, probabilities])
  return { graph, images, weights, logits, probabilities }
}

/** Bytes to what the first layer sees: `(value × scale − mean) / std` per channel, as one multiplication and one addition. */
export function normalise(g: Graph, images: Value, { scale, mean, std }: Normalisation): Value {
  const factors = std.map((deviation) => scale / deviation)
  const offsets = std.map((deviation, channel) => -(mean[channel] ?? 0) / deviation)
  const scaled = times(g, toFloat(g, images), perChannel(g, factors))
  return offsets.every((offset) => offset === 0) ? scaled : plus(g, scaled, perChannel(g, offsets))
}

function perChannel(g: Graph, values: readonly number[]): Value {
  const [first = 0] = values
  return values.every((value) => value === first) ? constant(g, [], [first]) : constant(g, [values.length], values)
}

/** Appends every layer of `model` for a batch `x`. The last layer must end in a softmax, whose input is the logits. */
export function buildLayers(
  g: Graph,
  model: ModelSpec,
  x: Value,
  parameters: readonly Value[],
  phase: Phase,
): { logits: Value; probabilities: Value } {
  let value = x
  let used = 0
  for (const layer of model.layers) {
    const own = parameters.slice(used, used + layer.parameters.length)
    used += own.length
    value = layer.build(g, value, own, phase)
  }
  return { logits: logitsOf(g, model, value), probabilities: value }
}

function logitsOf(g: Graph, model: ModelSpec, probabilities: Value): Value {
  let value = probabilities
  for (const { op, inputs, output } of g.nodes.toReversed()) {
    const [source] = inputs
    if (output !== value || source === undefined) continue
    if (op.type === 'softmax') return source
    if (op.type === 'reshape') value = source
  }
  const last = model.layers.at(-1)?.name ?? 'model'
  throw new EngineError(
    'E_UNSUPPORTED',
    last,
    "a last layer with activation 'softmax' (loss categoricalCrossentropy)",
    'another',
  )
}
