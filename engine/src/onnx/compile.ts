import { type ElementType, type Node, sizeOf, type Value } from '../ir/graph.ts'
import { addInput, addOutput, type Element, encodeModel, freshName, newOnnxGraph } from './graph.ts'
import { lowerNodes } from './lower/index.ts'
import { newLowering, put, view } from './lowering.ts'
import { openRuntime, type Runtime, type RuntimeOptions, type RuntimeTensor } from './runtime.ts'

/** Numbers for an input: bytes, 32-bit integers or floats, by its element type. */
export type Feed = Uint8Array | Int32Array | Float32Array

/** A graph that runs: inputs in, outputs out, in the order asked for. */
export interface Compiled {
  run(feeds: ReadonlyMap<Value, Feed>): Promise<Float32Array[]>
  close(): Promise<void>
}

/** How ONNX holds each type of the IR. */
export const ELEMENT: Record<ElementType, Element> = { float: 'float32', int: 'int32', byte: 'uint8' }

const ONE_THREAD: RuntimeOptions = { threads: 1, device: 'cpu' }

/** Lowers a graph to ONNX and compiles it. */
export async function compile(
  nodes: readonly Node[],
  outputs: readonly Value[],
  options: RuntimeOptions = ONE_THREAD,
): Promise<Compiled> {
  const { model, inputNames, outputNames } = lowerGraph(nodes, outputs)
  const runtime: Runtime = await openRuntime(model, options)
  return {
    async run(feeds) {
      const tensors = [...inputNames].map(([value, name]) => [name, tensorFor(value, feeds.get(value))] as const)
      const results = await runtime.run(Object.fromEntries(tensors))
      return outputNames.map((name) => results.get(name) ?? new Float32Array())
    },
    close: () => runtime.close(),
  }
}

/** The ONNX file of a graph, with the names of its inputs and outputs. */
export function lowerGraph(
  nodes: readonly Node[],
  outputs: readonly Value[],
): { model: Uint8Array; inputNames: ReadonlyMap<Value, string>; outputNames: readonly string[] } {
  const onnx = newOnnxGraph()
  const lowering = newLowering(onnx, nodes, new Set(outputs))
  const inputNames = new Map<Value, string>()
  for (const { op, output } of nodes) {
    if (op.type !== 'input') continue
    const name = addInput(onnx, freshName(onnx, op.name), ELEMENT[output.type], output.shape)
    put(lowering, output, name)
    inputNames.set(output, name)
  }
  lowerNodes(lowering, nodes)
  const outputNames = outputs.map((value) =>
    addOutput(onnx, view(lowering, value, value.shape), 'float32', value.shape),
  )
  return { model: encodeModel(onnx), inputNames, outputNames }
}

/** Checks a feed against its input. */
export function tensorFor(value: Value, data: Feed | undefined): RuntimeTensor {
  const { shape } = value
  if (data?.length !== sizeOf(shape))
    throw new Error(`value ${value.id}: ${sizeOf(shape)} numbers expected, got ${data?.length}`)
  if (value.type === 'byte' && data instanceof Uint8Array) return { type: 'uint8', data, shape }
  if (value.type === 'int' && data instanceof Int32Array) return { type: 'int32', data, shape }
  if (value.type === 'float' && data instanceof Float32Array) return { type: 'float32', data, shape }
  throw new Error(`value ${value.id}: wrong kind of numbers for ${value.type}`)
}
