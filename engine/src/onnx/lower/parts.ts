import { type Shape, sizeOf } from '../../ir/graph.ts'
import { addInput, addOutput, emit, floats, freshName, longs, newOnnxGraph, type OnnxGraph } from '../graph.ts'
import type { Lowering, Tensor } from '../lowering.ts'

/** Bytes that a part's intermediate result may take: it is then made and read again within a core's cache. Measured: see ENGINE.md. */
const PART_BYTES = 2 ** 20

/** How many of `batch` samples make a part, when each has an intermediate result of `sampleBytes`: the parts are of one size. */
export function partSize(batch: number, sampleBytes: number): number {
  const most = Math.min(batch, Math.max(1, Math.floor(PART_BYTES / sampleBytes)))
  for (let size = most; size > 1; size--) if (batch % size === 0) return size
  return 1
}

/**
 * Builds a result part by part: parts of `size` samples of the inputs, whose first axis is the batch, go through `build` one after the other (ONNX's Scan,
 * which reads parts where they lie and writes results where they belong). The results stand one after the other along a new first axis.
 */
export function inParts(
  l: Lowering,
  inputs: readonly Tensor[],
  size: number,
  build: (onnx: OnnxGraph, parts: readonly Tensor[]) => Tensor,
): Tensor {
  if (size === batchOf(inputs)) return build(l.onnx, inputs)
  const { count, body, samples, sources } = split(l, inputs, size)
  const { name, shape } = build(body, samples)
  addOutput(body, name, 'float32', shape)
  return { name: emit(l.onnx, 'Scan', sources, { body, num_scan_inputs: inputs.length }), shape: [count, ...shape] }
}

/** The sum of what `build` makes of each part; given the sum of those `before`, it adds to that. */
export function sumOfParts(
  l: Lowering,
  inputs: readonly Tensor[],
  size: number,
  shape: Shape,
  build: (onnx: OnnxGraph, parts: readonly Tensor[], before: string | null) => string,
): string {
  if (size === batchOf(inputs)) return build(l.onnx, inputs, null)
  const { body, samples, sources } = split(l, inputs, size, shape)
  const [before, ...parts] = samples
  addOutput(body, build(body, parts, before?.name ?? null), 'float32', shape)
  const zeros = floats(l.onnx, shape, new Float32Array(sizeOf(shape)))
  return emit(l.onnx, 'Scan', [zeros, ...sources], { body, num_scan_inputs: inputs.length })
}

const batchOf = ([first]: readonly Tensor[]): number => first?.shape[0] ?? 0

/** A body that takes one part of each input, after what it carries from part to part, where it does. */
function split(
  l: Lowering,
  inputs: readonly Tensor[],
  size: number,
  carried?: Shape,
): { count: number; body: OnnxGraph; samples: Tensor[]; sources: string[] } {
  const count = batchOf(inputs) / size
  const body = newOnnxGraph(l.onnx.root ?? l.onnx)
  const shapes = inputs.map(({ shape }) => [size, ...shape.slice(1)])
  const samples = [...(carried === undefined ? [] : [carried]), ...shapes].map((shape) => ({
    name: addInput(body, freshName(body, 'part'), 'float32', shape),
    shape,
  }))
  const sources = inputs.map(({ name }, i) =>
    emit(l.onnx, 'Reshape', [name, longs(l.onnx, [count, ...(shapes[i] ?? [])])]),
  )
  return { count, body, samples, sources }
}
