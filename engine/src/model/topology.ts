import { EngineError } from '../errors.ts'
import { type Fields, readFields, show } from '../layers/fields.ts'
import { LAYERS } from '../layers/index.ts'

/** A layers-model JSON, read: what is called with what. */
export type Block = LayerBlock | Container

/** A layer, with its canonical name. */
export interface LayerBlock {
  readonly type: 'layer'
  readonly name: string
  readonly className: string
  readonly config: Fields
}

/** A model; it may be a layer of another one. */
export interface Container {
  readonly type: 'model'
  readonly steps: readonly Step[]
  readonly inputs: readonly Reference[]
  readonly outputs: readonly Reference[]
}

/** A block with the inputs of each of its calls. An input of the model has neither block nor calls. */
export interface Step {
  readonly block: Block | null
  readonly calls: readonly (readonly Reference[])[]
  /** `batch_input_shape` where it is declared: of inputs, and of the first layer of a Sequential. */
  readonly inputShape: unknown
}

/** The output of one call of one step of the same container. */
export interface Reference {
  readonly step: number
  readonly call: number
}

/** The canonical JSON of a model, and what is in it. */
export interface Topology {
  readonly json: unknown
  readonly root: Container
}

/**
 * Reads the JSON of a TensorFlow.js model, Sequential or functional, with models as layers of models. TensorFlow.js numbers layers per
 * process, so two equal models get different names; here a layer is named by its class and its position among its likes
 * (`conv2d_1`, `conv2d_2`, `dense_1`), and so are models.
 */
export function readTopology(given: unknown): Topology {
  const names = new Map<string, number>()
  const { block, json } = readModelJson(given, 'model', nameBy(names))
  return { json: { ...json, keras_version: 'tfjs-layers', backend: 'tensor_flow.js' }, root: block }
}

type Namer = (stem: string) => string

const nameBy =
  (counts: Map<string, number>): Namer =>
  (stem) => {
    const number = (counts.get(stem) ?? 0) + 1
    counts.set(stem, number)
    return `${stem}_${number}`
  }

interface Read<B extends Block | null> {
  readonly block: B
  readonly json: { readonly class_name: string; readonly config: Record<string, unknown> & { readonly name: string } }
}

const isModel = (className: string): boolean => ['Sequential', 'Model', 'Functional'].includes(className)

function readModelJson(given: unknown, place: string, named: Namer): Read<Container> {
  const fields = readFields(given, place)
  const className = fields.text('class_name')
  if (!isModel(className))
    throw new EngineError('E_UNSUPPORTED', place, 'a Sequential or functional model', show(className))
  const isSequential = className === 'Sequential'
  const name = named(isSequential ? 'sequential' : 'model')
  const config = readFields(fields.get('config'), `${place}.config`)
  const items = config.get('layers')
  if (!Array.isArray(items) || items.length === 0)
    throw new EngineError('E_MODEL', `${place}.config.layers`, 'at least one layer', show(items))
  return isSequential ? sequential(name, items, place, named) : functional(name, config, items, place, named)
}

function sequential(name: string, items: readonly unknown[], place: string, named: Namer): Read<Container> {
  const read = items.map((item) => readBlock(item, place, named))
  const layers = read.filter(({ block }) => block !== null)
  const [first] = read
  const input: Step = { block: null, calls: [], inputShape: first && inputShapeOf(first) }
  const steps = layers.map(({ block }, i): Step => ({ block, calls: [[{ step: i, call: 0 }]], inputShape: null }))
  const container: Container = {
    type: 'model',
    steps: [input, ...steps],
    inputs: [{ step: 0, call: 0 }],
    outputs: [{ step: steps.length, call: 0 }],
  }
  return {
    block: container,
    json: { class_name: 'Sequential', config: { name, layers: read.map(({ json }) => json) } },
  }
}

function functional(
  name: string,
  config: Fields,
  items: readonly unknown[],
  place: string,
  named: Namer,
): Read<Container> {
  const read = items.map((item) => ({ ...readBlock(item, place, named), given: readFields(item, place) }))
  const links = linksOf(read, place)
  const inbound = read.map(({ given }) => links.calls(given.get('inbound_nodes')))
  const steps = read.map(
    (each, i): Step => ({ block: each.block, calls: inbound[i]?.references ?? [], inputShape: inputShapeOf(each) }),
  )
  const [inputs, outputs] = (['input_layers', 'output_layers'] as const).map((key) => links.list(config.get(key)))
  if (inputs === undefined || outputs === undefined) throw new Error('two lists')
  const layers = read.map(({ json }, i) => ({ ...json, name: json.config.name, inbound_nodes: inbound[i]?.json ?? [] }))
  return {
    block: { type: 'model', steps, inputs: inputs.references, outputs: outputs.references },
    json: {
      class_name: 'Model',
      config: { name, layers, input_layers: inputs.json, output_layers: outputs.json },
    },
  }
}

function readBlock(item: unknown, place: string, named: Namer): Read<Block | null> {
  const fields = readFields(item, `${place}.config.layers`)
  const className = fields.text('class_name')
  if (isModel(className)) return readModelJson(item, place, named)
  const given = fields.get('config') ?? {}
  const found = LAYERS.get(className)
  const stem = className === 'InputLayer' ? 'input' : found?.stem
  const called = `layer ${show(readFields(given, className).get('name') ?? className)} (${className})`
  if (stem === undefined)
    throw new EngineError('E_UNSUPPORTED', called, `one of ${[...LAYERS.keys()].join(', ')}`, className)
  const name = named(stem)
  const json = { class_name: className, config: { ...Object(given), name } }
  if (found === undefined) return { block: null, json }
  return { block: { type: 'layer', name, className, config: readFields(given, name) }, json }
}

function inputShapeOf({ block, json }: Read<Block | null>): unknown {
  if (block?.type !== 'model') return json.config.batch_input_shape
  return block.steps[block.inputs[0]?.step ?? 0]?.inputShape
}

interface Links {
  calls(given: unknown): { references: readonly (readonly Reference[])[]; json: readonly unknown[] }
  list(given: unknown): { references: readonly Reference[]; json: readonly unknown[] }
}

/** Reads references to layers by their given names, and writes them with the canonical ones. */
function linksOf(read: readonly (Read<Block | null> & { readonly given: Fields })[], place: string): Links {
  const steps = new Map(read.map(({ given }, i) => [given.text('name'), i]))
  const one = (given: unknown): { reference: Reference; json: unknown } => {
    const [name, node, tensor] = Array.isArray(given) ? given : []
    const step = steps.get(String(name))
    const target = step === undefined ? undefined : read[step]
    // A model has a call before its first use, the one that made it.
    const before = target?.block?.type === 'model' ? 1 : 0
    const call = Number(node) - before
    if (step === undefined || target === undefined || !(call >= 0) || tensor !== 0)
      throw new EngineError('E_MODEL', `${place}.inbound_nodes`, '[layer, node, 0]', show(given))
    return { reference: { step, call }, json: [target.json.config.name, node, 0, {}] }
  }
  const listOf = (given: unknown): { reference: Reference; json: unknown }[] => {
    if (!Array.isArray(given)) throw new EngineError('E_MODEL', place, 'a list of layers', show(given))
    return given.map(one)
  }
  return {
    calls(given) {
      const calls = Array.isArray(given) ? given.map(listOf) : []
      return {
        references: calls.map((call) => call.map(({ reference }) => reference)),
        json: calls.map((call) => call.map(({ json }) => json)),
      }
    },
    list(given) {
      const items = listOf(given)
      return {
        references: items.map(({ reference }) => reference),
        json: items.map(({ json }) => Array.isArray(json) && json.slice(0, 3)),
      }
    },
  }
}
