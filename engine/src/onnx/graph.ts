import { createHash } from 'node:crypto'
import type { Shape } from '../ir/graph.ts'
import { bytes, type Encoded, int, join, toBytes } from './protobuf.ts'

/** Element types by their number in ONNX's TensorProto.DataType. */
export const ELEMENTS = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const
export type Element = keyof typeof ELEMENTS

/** An attribute of a node: an integer, a list of integers, or a body. */
export type Attribute = number | readonly number[] | OnnxGraph

/** A graph under construction. Constants of a loop body live in the root graph, where the body sees them. */
export interface OnnxGraph {
  readonly root: OnnxGraph | null
  readonly nodes: Encoded[]
  readonly initializers: Map<string, Encoded>
  readonly inputs: Encoded[]
  readonly outputs: Encoded[]
  /** What nodes of the root graph and its bodies read: constants that nobody reads stay out of the file. */
  readonly read: Set<string>
  /** Names that nodes of this graph make and that are not outputs yet. */
  readonly made: Set<string>
  readonly constants: Map<string, string>
  nameCount: number
}

/** ONNX opset 17 (IR version 8) of the release of 2022-06; every operator used is in it. */
const OPSET = 17
const IR_VERSION = 8

export const newOnnxGraph = (root: OnnxGraph | null = null): OnnxGraph => ({
  root,
  nodes: [],
  initializers: new Map(),
  read: new Set(),
  inputs: [],
  outputs: [],
  made: new Set(),
  constants: new Map(),
  nameCount: 0,
})

/** A name that no other value of the root graph or its bodies has. */
export function freshName(g: OnnxGraph, stem: string): string {
  const root = g.root ?? g
  return `${stem}_${root.nameCount++}`
}

/** Appends a node and returns the names of its outputs. */
export function emitMany(
  g: OnnxGraph,
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): void {
  for (const name of outputs) g.made.add(name)
  for (const name of inputs) (g.root ?? g).read.add(name)
  g.nodes.push(
    join([
      ...inputs.map((name) => bytes(1, name)),
      ...outputs.map((name) => bytes(2, name)),
      bytes(3, freshName(g, op)),
      bytes(4, op),
      ...Object.entries(attributes).map(([name, value]) => bytes(5, encodeAttribute(name, value))),
    ]),
  )
}

/** Appends a node of one output and returns its name. */
export function emit(
  g: OnnxGraph,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
): string {
  const output = freshName(g, op)
  emitMany(g, op, inputs, [output], attributes)
  return output
}

/** Float constants, kept once per content. */
export const floats = (g: OnnxGraph, shape: Shape, values: ArrayLike<number>): string =>
  keep(g, 'float32', shape, values instanceof Float32Array ? values : Float32Array.from(values))

/** Integer constants: index tables and labels. */
export const ints = (g: OnnxGraph, shape: Shape, values: ArrayLike<number>): string =>
  keep(g, 'int32', shape, values instanceof Int32Array ? values : Int32Array.from(values))

/** Integer constants where ONNX wants 64 bits: shapes, axes, sizes. */
export const longs = (g: OnnxGraph, values: readonly number[]): string =>
  keep(g, 'int64', [values.length], BigInt64Array.from(values, BigInt))

/** Numbers under a name of their own. */
export function addInitializer(g: OnnxGraph, name: string, shape: Shape, data: Float32Array): string {
  initialize(g, name, 'float32', shape, data)
  return name
}

export function addInput(g: OnnxGraph, name: string, type: Element, shape: readonly (number | string)[]): string {
  g.inputs.push(valueInfo(name, type, shape))
  return name
}

/** Declares an output and returns its name: `name`, or that of a copy where `name` is an input, a constant or an output already. */
export function addOutput(g: OnnxGraph, name: string, type: Element, shape: readonly (number | string)[]): string {
  const output = g.made.has(name) ? name : emit(g, 'Identity', [name])
  g.made.delete(output)
  g.outputs.push(valueInfo(output, type, shape))
  return output
}

/** The bytes of an ONNX file. */
export const encodeModel = (g: OnnxGraph): Uint8Array =>
  toBytes(
    join([
      int(1, IR_VERSION),
      bytes(2, 'pawprint'),
      bytes(7, encodeGraph(g)),
      bytes(8, join([bytes(1, ''), int(2, OPSET)])),
    ]),
  )

const encodeGraph = (g: OnnxGraph): Encoded =>
  join([
    ...g.nodes.map((node) => bytes(1, node)),
    bytes(2, 'graph'),
    ...[...g.initializers].flatMap(([name, tensor]) => (g.read.has(name) ? [bytes(5, tensor)] : [])),
    ...g.inputs.map((info) => bytes(11, info)),
    ...g.outputs.map((info) => bytes(12, info)),
  ])

function encodeAttribute(name: string, value: Attribute): Encoded {
  if (typeof value === 'number') return join([bytes(1, name), int(3, value), int(20, 2)])
  if ('nodes' in value) return join([bytes(1, name), bytes(6, encodeGraph(value)), int(20, 5)])
  return join([bytes(1, name), ...value.map((item) => int(8, item)), int(20, 7)])
}

function keep(g: OnnxGraph, type: Element, shape: Shape, data: Numbers): string {
  const root = g.root ?? g
  const key = `${type}[${shape}]${createHash('sha256').update(bytesOf(data)).digest('base64')}`
  const known = root.constants.get(key)
  if (known !== undefined) return known
  const name = freshName(g, 'constant')
  initialize(root, name, type, shape, data)
  root.constants.set(key, name)
  return name
}

type Numbers = Float32Array | Int32Array | BigInt64Array

const bytesOf = (data: Numbers): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

function initialize(root: OnnxGraph, name: string, type: Element, shape: Shape, data: Numbers): void {
  const dims = shape.map((dim) => int(1, dim))
  root.initializers.set(name, join([...dims, int(2, ELEMENTS[type]), bytes(8, name), bytes(9, bytesOf(data))]))
}

/** The type of an input or output; a text stands for a size that is known when the graph runs. */
function valueInfo(name: string, type: Element, shape: readonly (number | string)[]): Encoded {
  const dims = shape.map((dim) => bytes(1, typeof dim === 'string' ? bytes(2, dim) : int(1, dim)))
  const tensor = join([int(1, ELEMENTS[type]), bytes(2, join(dims))])
  return join([bytes(1, name), bytes(2, bytes(1, tensor))])
}
