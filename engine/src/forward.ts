import { EngineError } from './errors.ts'
import { plus, times } from './ir/elementwise.ts'
import { type Graph, newGraph, producersOf, type Value } from './ir/graph.ts'
import { poolFirst, prune } from './ir/passes.ts'
import { constant, input, reshape, slice, toFloat } from './ir/shape.ts'
import type { Training } from './layers/layer.ts'
import type { FinalActivation } from './losses/rule.ts'
import type { ModelSpec } from './model/spec.ts'
import { openWeights, type Weights } from './model/values.ts'
import type { Normalisation } from './types.ts'

/** A prediction: image bytes and weights in, the model's output out. */
export interface ForwardGraph {
  readonly graph: Graph
  readonly images: Value
  /** All weights, flat. */
  readonly weights: Value
  /** `[batchSize, outputs]` */
  readonly output: Value
  /** What the last activation was applied to, where one was asked for; else the output. */
  readonly logits: Value
}

/** The forward graph of `batchSize` samples. */
export function forwardGraph(
  model: ModelSpec,
  normalisation: Normalisation,
  batchSize: number,
  activation: FinalActivation | null = null,
): ForwardGraph {
  const graph = newGraph()
  const images = input(graph, 'images', imagesShape(model, batchSize), 'byte')
  const weights = input(graph, 'weights', [model.parameterCount])
  const output = buildModel(
    graph,
    model,
    normalise(graph, images, normalisation),
    openWeights(graph, model, [weights]),
    null,
  )
  const logits = logitsOf(graph, model, output, activation)
  poolFirst(graph)
  graph.nodes = prune(graph.nodes, [output, logits])
  return { graph, images, weights, output, logits }
}

/** A batch of the model's input: with several inputs, one axis more. */
export const imagesShape = ({ inputCount, inputShape }: ModelSpec, batchSize: number): readonly number[] =>
  inputCount === 1 ? [batchSize, ...inputShape] : [batchSize, inputCount, ...inputShape]

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

/** Appends every call of `model` for a batch `x` and returns its output. Statistics are updated in `weights`. */
export function buildModel(g: Graph, model: ModelSpec, x: Value, weights: Weights, training: Training | null): Value {
  const tensors = splitInputs(g, model, x)
  for (const { layer, inputs } of model.calls) {
    const own = layer.parameters.map(({ name }) => weights.get(name))
    tensors.push(
      layer.build(
        g,
        inputs.map((tensor) => at(tensors, tensor)),
        own,
        training,
      ),
    )
  }
  return at(tensors, model.output)
}

function splitInputs(g: Graph, { inputCount, inputShape }: ModelSpec, x: Value): Value[] {
  if (inputCount === 1) return [x]
  const [batch = 0] = x.shape
  return Array.from({ length: inputCount }, (_, i) => reshape(g, slice(g, x, 1, i, 1), [batch, ...inputShape]))
}

function at(tensors: readonly Value[], i: number): Value {
  const value = tensors[i]
  if (value === undefined) throw new Error(`tensor ${i} is used before it is made`)
  return value
}

/** What `activation` was applied to at the end of the model, or the output where none is asked for. Throws `E_UNSUPPORTED`. */
export function logitsOf(g: Graph, model: ModelSpec, output: Value, activation: FinalActivation | null): Value {
  if (activation === null) return output
  const source = sourceOf(g, output, activation)
  if (source !== null) return reshape(g, source, output.shape)
  const { name = 'model' } = model.calls.at(-1)?.layer ?? {}
  throw new EngineError('E_UNSUPPORTED', name, `a last layer with activation '${activation}'`, 'another activation')
}

/** Whether the last thing done to `output` is `activation`. */
export const endsIn = (g: Graph, output: Value, activation: FinalActivation): boolean =>
  sourceOf(g, output, activation) !== null

function sourceOf(g: Graph, output: Value, activation: FinalActivation): Value | null {
  const producers = producersOf(g.nodes)
  let node = producers.get(output)
  while (node?.op.type === 'reshape') node = producers.get(node.inputs[0] ?? output)
  const isActivation = node?.op.type === activation || (node?.op.type === 'unary' && node.op.fn === activation)
  return (isActivation && node?.inputs[0]) || null
}
