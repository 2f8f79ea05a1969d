import type { Device } from './choose.ts'
import { type Node, newGraph, type Shape, sizeOf, type Value } from './ir/graph.ts'
import { matMul } from './ir/linear.ts'
import { input } from './ir/shape.ts'
import type { StepGraph } from './step.ts'

/** Numbers with their shape, as they cross into a runtime. */
export type RuntimeTensor =
  | { readonly type: 'float32'; readonly data: Float32Array; readonly shape: Shape }
  | { readonly type: 'int32'; readonly data: Int32Array; readonly shape: Shape }
  | { readonly type: 'int64'; readonly data: BigInt64Array; readonly shape: Shape }
  | { readonly type: 'uint8'; readonly data: Uint8Array; readonly shape: Shape }

/** Something compiled. */
export interface Runtime {
  /** Runs on the calling thread, which it blocks. Every output is float32. */
  run(inputs: Readonly<Record<string, RuntimeTensor>>): Promise<ReadonlyMap<string, Float32Array>>
  close(): Promise<void>
}

export interface RuntimeOptions {
  readonly device: Device
  /** On the CPU. */
  readonly threads: number
}

/** Numbers for an input: bytes, 32-bit integers or floats, by its element type. */
export type Feed = Uint8Array | Int32Array | Float32Array

/** A graph that runs: inputs in, outputs out, in the order asked for. */
export interface Compiled {
  run(feeds: ReadonlyMap<Value, Feed>): Promise<Float32Array[]>
  close(): Promise<void>
}

const ONE_THREAD: RuntimeOptions = { threads: 1, device: 'cpu' }

/** Compiles a graph. Only the library that the device needs is loaded. */
export async function compile(
  nodes: readonly Node[],
  outputs: readonly Value[],
  options: RuntimeOptions = ONE_THREAD,
): Promise<Compiled> {
  if (options.device === 'native') return (await import('./native/compile.ts')).compileGraph(nodes, outputs, options)
  return (await import('./onnx/compile.ts')).compileGraph(nodes, outputs, options)
}

/**
 * Compiles a training step so that one call runs many. Inputs: `count` (steps); `images` [steps, batch, …], `labels` [steps, batch] and what else
 * there is of samples, `mask_i` [steps, …] and `scalar_i` [steps], of which each step takes its part; `fixed`; `state_i`. Outputs: `loss` and
 * `correct` [steps], `next_i`.
 */
export async function openLoop(step: StepGraph, options: RuntimeOptions): Promise<Runtime> {
  if (options.device === 'native') return (await import('./native/loop.ts')).openNativeLoop(step, options)
  return (await import('./onnx/loop.ts')).openOnnxLoop(step, options)
}

/** Loads what a device needs, and has it do what only its first call takes long for. */
export async function warm(device: Device): Promise<void> {
  const g = newGraph()
  const x = input(g, 'x', [16, 16])
  const y = matMul(g, x, x)
  const compiled = await compile(g.nodes, [y], { device, threads: 1 })
  await compiled.run(new Map([[x, new Float32Array(256)]]))
  await compiled.close()
}

/** The inputs of a step that hold samples, by name. */
export function samplesOf({ batch }: StepGraph): { name: string; value: Value }[] {
  const named = {
    images: batch.images,
    labels: batch.labels,
    targets: batch.targets,
    sample_weights: batch.sampleWeights,
  }
  return Object.entries(named).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]))
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
