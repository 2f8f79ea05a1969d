import { buildModel, imagesShape, normalise } from '../forward.ts'
import { newGraph, sizeOf, type Value } from '../ir/graph.ts'
import { poolFirst, prune } from '../ir/passes.ts'
import { input } from '../ir/shape.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { Normalisation } from '../types.ts'
import { addInitializer, addInput, addOutput, emitMany, encodeModel, newOnnxGraph } from './graph.ts'
import { lowerNodes } from './lower/index.ts'
import { newLowering, put, view } from './lowering.ts'

/** The bytes of an ONNX file of standard operators: `images` (uint8) in, `output` out, weights inside under their names. */
export function exportGraph(
  model: ModelSpec,
  weights: Float32Array,
  normalisation: Normalisation,
  batchSize: number,
): Uint8Array {
  const g = newGraph()
  const images = input(g, 'images', imagesShape(model, batchSize), 'byte')
  const parameters = new Map(model.parameters.map(({ name, shape }) => [name, input(g, name, shape)]))
  const get = (name: string): Value => parameters.get(name) ?? images
  const output = buildModel(g, model, normalise(g, images, normalisation), { get, replace: () => undefined }, null)
  poolFirst(g)
  const nodes = prune(g.nodes, [images, output])
  const onnx = newOnnxGraph()
  const lowering = newLowering(onnx, nodes, new Set([output]))
  put(lowering, images, addInput(onnx, 'images', 'uint8', images.shape))
  for (const { name, shape, start } of model.parameters) {
    const data = weights.subarray(start, start + sizeOf(shape))
    put(lowering, get(name), addInitializer(onnx, name, shape, data))
  }
  lowerNodes(lowering, nodes)
  emitMany(onnx, 'Identity', [view(lowering, output, output.shape)], ['output'])
  addOutput(onnx, 'output', 'float32', output.shape)
  return encodeModel(onnx)
}
