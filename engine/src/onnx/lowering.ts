import type { Node, Op, Shape, Value } from '../ir/graph.ts'
import { producersOf, sizeOf, usersOf } from '../ir/graph.ts'
import { emit, longs, type OnnxGraph } from './graph.ts'
import { chooseLayouts, type Layouts, naturalOrder, type PixelOrder } from './layout.ts'

/** A value in the ONNX graph: same numbers, but perhaps other axes than in the IR. */
export interface Tensor {
  readonly name: string
  readonly shape: Shape
}

/** What the lowering of one op sees. */
export interface Lowering {
  readonly onnx: OnnxGraph
  readonly layouts: Layouts
  readonly users: ReadonlyMap<Value, readonly Node[]>
  readonly producers: ReadonlyMap<Value, Node>
  /** Values that are read from outside, so must exist as they are in the IR. */
  readonly outputs: ReadonlySet<Value>
  readonly tensors: Map<Value, Tensor>
  /** Intermediate results by what they are, so that the backward pass finds those of the forward pass. */
  readonly shared: Map<string, unknown>
}

/** Emits the ONNX nodes of one IR node, and puts its output. */
export type Lower<O extends Op> = (l: Lowering, node: Node<O>) => void
export type Lowers<Family extends Op> = { readonly [T in Family['type']]: Lower<Extract<Family, { type: T }>> }

export function newLowering(onnx: OnnxGraph, nodes: readonly Node[], outputs: ReadonlySet<Value>): Lowering {
  return {
    onnx,
    outputs,
    layouts: chooseLayouts(nodes, outputs),
    users: usersOf(nodes),
    producers: producersOf(nodes),
    tensors: new Map(),
    shared: new Map(),
  }
}

/** Records that `value` is in the ONNX value `name`, with these axes. */
export function put(l: Lowering, value: Value, name: string, shape: Shape = value.shape): void {
  l.tensors.set(value, { name, shape })
}

export function tensorOf(l: Lowering, value: Value | undefined): Tensor {
  const tensor = value && l.tensors.get(value)
  if (tensor === undefined) throw new Error(`value ${value?.id} was not lowered`)
  return tensor
}

/** The name of `value` with the axes of `shape`: as it is where they fit, else through one Reshape. */
export function view(l: Lowering, value: Value | undefined, shape: Shape): string {
  return viewTensor(l, tensorOf(l, value), shape)
}

export function viewTensor(l: Lowering, tensor: Tensor, shape: Shape): string {
  if (sizeOf(shape) !== sizeOf(tensor.shape)) throw new Error(`no view of [${tensor.shape}] as [${shape}]`)
  if (shape.join() === tensor.shape.join()) return tensor.name
  return once(l, `view ${tensor.name} ${shape}`, () => emit(l.onnx, 'Reshape', [tensor.name, longs(l.onnx, shape)]))
}

/** Numbers stored for a value: fewer than in the IR when its layout leaves out pixels. */
export const storedSize = (l: Lowering, value: Value): number => sizeOf(tensorOf(l, value).shape)

/** The pixel order of an image value. */
export const orderOf = (l: Lowering, value: Value, pixelCount: number): PixelOrder =>
  l.layouts.get(value) ?? naturalOrder(pixelCount)

/** Makes something once per lowering; `key` says what it is. */
export function once<T>(l: Lowering, key: string, make: () => T): T {
  // A key is used with one type of result only.
  if (l.shared.has(key)) return l.shared.get(key) as T
  const made = make()
  l.shared.set(key, made)
  return made
}
