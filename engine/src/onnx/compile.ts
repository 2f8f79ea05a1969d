import type { ElementType, Node, Value } from '../ir/graph.ts'
import { type Compiled, type RuntimeOptions, tensorFor } from '../runtime.ts'
import { addInput, addOutput, type Element, encodeModel, freshName, newOnnxGraph } from './graph.ts'
import { lowerNodes } from './lower/index.ts'
import { newLowering, put, view } from './lowering.ts'
import { openRuntime } from './runtime.ts'

/** How ONNX holds each type of the IR. */
export const ELEMENT: Record<ElementType, Element> = { float: 'float32', int: 'int32', byte: 'uint8' }

/** Lowers a graph to ONNX and compiles it. */
export async function compileGraph(
  nodes: readonly Node[],
  outputs: readonly Value[],
  options: RuntimeOptions,
): Promise<Compiled> {
  const { model, inputNames, outputNames } = lowerGraph(nodes, outputs)
  const runtime = await openRuntime(model, options)
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
