import { EngineError } from '../errors.ts'
import type { Shape } from '../ir/graph.ts'
import { isSize, show } from '../layers/fields.ts'
import { LAYERS } from '../layers/index.ts'
import type { Layer, Parameter } from '../layers/layer.ts'
import { type Call, type ImageShape, type ModelSpec, place } from './spec.ts'
import { type Block, type Container, type LayerBlock, type Reference, readTopology, type Step } from './topology.ts'

/** Reads the JSON of a TensorFlow.js model. Throws `E_UNSUPPORTED` for what the engine cannot train, naming the layer. */
export function readModel(topology: unknown): ModelSpec {
  const { json, root } = readTopology(topology)
  const inputs = root.inputs.map(({ step }) => readInputShape(root.steps[step]))
  const [inputShape, ...others] = inputs
  if (inputShape === undefined) throw new EngineError('E_MODEL', 'model', 'an input', 'none')
  const odd = others.find((shape) => `${shape}` !== `${inputShape}`)
  if (odd !== undefined)
    throw new EngineError('E_UNSUPPORTED', 'model', `inputs of one shape, [${inputShape}]`, `[${odd}]`)
  const walk = newWalk(inputs)
  const outputs = applyContainer(
    walk,
    root,
    inputs.map((_, i) => i),
  )
  const [output] = outputs
  if (output === undefined || outputs.length !== 1)
    throw new EngineError('E_UNSUPPORTED', 'model', 'one output', `${outputs.length}`)
  const outputShape = walk.shapes[output] ?? []
  if (outputShape.length !== 1) {
    const expected = 'one row of numbers per sample: an output [classes]'
    throw new EngineError('E_MODEL', walk.calls.at(-1)?.layer.name ?? 'model', expected, `[${outputShape}]`)
  }
  const placed = place(inModelOrder(root, walk))
  return { topology: json, inputShape, inputCount: inputs.length, calls: walk.calls, output, outputShape, ...placed }
}

/** What is known while the calls of a model are followed. */
interface Walk {
  readonly calls: Call[]
  /** Of every tensor. */
  readonly shapes: Shape[]
  readonly parameters: Map<LayerBlock, readonly Parameter[]>
}

const newWalk = (inputs: readonly Shape[]): Walk => ({ calls: [], shapes: [...inputs], parameters: new Map() })

/** Follows a model from its inputs, given as numbers of tensors, to its outputs. */
function applyContainer(walk: Walk, container: Container, inputs: readonly number[]): number[] {
  const made = new Map<string, number>()
  container.inputs.forEach((reference, i) => {
    const tensor = inputs[i]
    if (tensor !== undefined) made.set(keyOf(reference), tensor)
  })
  const follow = (reference: Reference): number => {
    const known = made.get(keyOf(reference))
    if (known !== undefined) return known
    const step = container.steps[reference.step]
    const sources = step?.calls[reference.call]
    if (!step?.block || sources === undefined)
      throw new EngineError('E_MODEL', 'model', 'a call of a layer', `call ${reference.call} of none`)
    const tensor = applyBlock(walk, step.block, sources.map(follow))
    made.set(keyOf(reference), tensor)
    return tensor
  }
  return container.outputs.map(follow)
}

const keyOf = ({ step, call }: Reference): string => `${step} ${call}`

function applyBlock(walk: Walk, block: Block, inputs: readonly number[]): number {
  if (block.type === 'layer') return applyLayer(walk, block, inputs)
  const [output, ...others] = applyContainer(walk, block, inputs)
  if (output === undefined || others.length > 0)
    throw new EngineError('E_UNSUPPORTED', 'a model used as a layer', 'one output', `${others.length + 1}`)
  return output
}

function applyLayer(walk: Walk, block: LayerBlock, inputs: readonly number[]): number {
  const layer = readLayer(
    block,
    inputs.map((tensor) => walk.shapes[tensor] ?? []),
  )
  const known = walk.parameters.get(block)
  if (known !== undefined && shapesOf(known) !== shapesOf(layer.parameters))
    throw new EngineError('E_MODEL', layer.name, `weights of shapes ${shapesOf(known)}`, shapesOf(layer.parameters))
  walk.parameters.set(block, layer.parameters)
  walk.calls.push({ layer, inputs })
  return walk.shapes.push(layer.outputShape) - 1
}

const shapesOf = (parameters: readonly Parameter[]): string => JSON.stringify(parameters.map(({ shape }) => shape))

function readLayer({ name, className, config }: LayerBlock, inputShapes: readonly Shape[]): Layer {
  const found = LAYERS.get(className)
  if (found === undefined) throw new Error(`${className} was read before`)
  config.only({ data_format: 'channels_last', dtype: 'float32' })
  return found.read(name, config, inputShapes)
}

/** Each layer's parameters once, in the order of the JSON. */
function inModelOrder(container: Container, walk: Walk): Parameter[] {
  return container.steps.flatMap(({ block }) => {
    if (block === null) return []
    return block.type === 'model' ? inModelOrder(block, walk) : (walk.parameters.get(block) ?? [])
  })
}

function readInputShape(step: Step | undefined): ImageShape {
  const shape = step?.inputShape
  const [, height, width, channels] = Array.isArray(shape) ? shape : []
  if (Array.isArray(shape) && shape.length === 4 && isSize(height) && isSize(width) && isSize(channels))
    return [height, width, channels]
  throw new EngineError('E_MODEL', 'the first layer', 'inputShape: [height, width, channels]', show(shape))
}
