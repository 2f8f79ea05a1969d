import { EngineError } from './errors.ts'
import { draw } from './initializers.ts'
import type { Shape } from './ir/graph.ts'
import { sizeOf } from './ir/graph.ts'
import { isSize, readFields, show } from './layers/fields.ts'
import { LAYERS } from './layers/index.ts'
import type { Layer, Parameter } from './layers/layer.ts'
import { randomStream } from './random.ts'

/** A model as the engine sees it: a chain of layers with known shapes. */
export interface ModelSpec {
  /** The layers-model JSON with canonical names: equal architectures have equal topologies. */
  readonly topology: unknown
  /** One image. */
  readonly inputShape: readonly [height: number, width: number, channels: number]
  readonly classCount: number
  readonly layers: readonly Layer[]
  /** In model order; this is also the order of the flat weight vector. */
  readonly parameters: readonly Parameter[]
  readonly parameterCount: number
}

/**
 * Reads the JSON of a TensorFlow.js Sequential model. TensorFlow.js numbers layers per process, so two equal models get different names;
 * here a layer is named by its class and its position among its likes (`conv2d_1`, `conv2d_2`, `dense_1`).
 */
export function readModel(topology: unknown): ModelSpec {
  const root = readFields(topology, 'model')
  if (root.text('class_name') !== 'Sequential')
    throw new EngineError('E_UNSUPPORTED', 'model', 'a Sequential model', root.text('class_name'))
  const config = readFields(root.get('config'), 'model.config')
  const given = config.get('layers')
  if (!Array.isArray(given) || given.length === 0)
    throw new EngineError('E_MODEL', 'model.config.layers', 'at least one layer', show(given))
  const inputShape = readInputShape(given[0])
  const { layers, renamed, outputShape } = readLayers(given, inputShape)
  const [classCount] = outputShape
  if (outputShape.length !== 1 || classCount === undefined) {
    const expected = 'one probability per class: an output [classes]'
    throw new EngineError('E_MODEL', layers.at(-1)?.name ?? 'model', expected, `[${outputShape}]`)
  }
  const parameters = layers.flatMap((layer) => layer.parameters)
  const parameterCount = parameters.reduce((count, { shape }) => count + sizeOf(shape), 0)
  return { topology: topologyOf(renamed), inputShape, classCount, layers, parameters, parameterCount }
}

/** What TensorFlow.js loads; nothing in it depends on the process that made it. */
const topologyOf = (layers: readonly unknown[]): unknown => ({
  class_name: 'Sequential',
  config: { name: 'sequential', layers },
  keras_version: 'tfjs-layers',
  backend: 'tensor_flow.js',
})

function readLayers(
  given: readonly unknown[],
  inputShape: Shape,
): { layers: readonly Layer[]; renamed: readonly unknown[]; outputShape: Shape } {
  const layers: Layer[] = []
  const renamed: unknown[] = []
  const counts = new Map<string, number>()
  let outputShape = inputShape
  for (const item of given) {
    const { layer, json } = readLayer(item, outputShape, counts)
    renamed.push(json)
    if (layer === null) continue
    layers.push(layer)
    outputShape = layer.outputShape
  }
  return { layers, renamed, outputShape }
}

/** First weights of every parameter, each from its own stream of `seed`, as one flat vector. */
export function seededWeights(model: ModelSpec, seed: number): Float32Array {
  const weights = new Float32Array(model.parameterCount)
  let start = 0
  model.parameters.forEach(({ shape, initializer }, index) => {
    weights.set(draw(initializer, sizeOf(shape), randomStream(seed, 'weights', index)), start)
    start += sizeOf(shape)
  })
  return weights
}

function readLayer(
  item: unknown,
  inputShape: Shape,
  counts: Map<string, number>,
): { layer: Layer | null; json: unknown } {
  const fields = readFields(item, 'model.config.layers')
  const type = fields.text('class_name')
  const given = fields.get('config') ?? {}
  const config = readFields(given, type)
  const found = LAYERS.get(type)
  const stem = type === 'InputLayer' ? 'input' : found?.stem
  const place = `layer ${show(config.get('name') ?? type)} (${type})`
  if (stem === undefined) throw new EngineError('E_UNSUPPORTED', place, `one of ${[...LAYERS.keys()].join(', ')}`, type)
  const number = (counts.get(stem) ?? 0) + 1
  counts.set(stem, number)
  const name = `${stem}_${number}`
  const json = { class_name: type, config: { ...Object(given), name } }
  if (found === undefined) return { layer: null, json }
  const own = readFields(given, name)
  own.only({ trainable: true, data_format: 'channels_last', dtype: 'float32' })
  return { layer: found.read(name, own, inputShape), json }
}

function readInputShape(first: unknown): [number, number, number] {
  const fields = readFields(first, 'model.config.layers[0]')
  const shape = readFields(fields.get('config') ?? {}, 'model.config.layers[0].config').get('batch_input_shape')
  const [, height, width, channels] = Array.isArray(shape) ? shape : []
  if (Array.isArray(shape) && shape.length === 4 && isSize(height) && isSize(width) && isSize(channels))
    return [height, width, channels]
  throw new EngineError('E_MODEL', 'the first layer', 'inputShape: [height, width, channels]', show(shape))
}
