import type { Shape } from '../ir/graph.ts'
import { sizeOf } from '../ir/graph.ts'
import type { Layer, Parameter, Role } from '../layers/layer.ts'

export type ImageShape = readonly [height: number, width: number, channels: number]

/**
 * One use of a layer; a shared layer has several. Tensors are numbered: first the model's inputs, then the output of each call.
 */
export interface Call {
  readonly layer: Layer
  readonly inputs: readonly number[]
}

/** A parameter with its place in the flat weight vector. */
export interface PlacedParameter extends Parameter {
  readonly start: number
}

/** A model as the engine sees it: calls of layers in an order in which every tensor is made before it is used, with known shapes. */
export interface ModelSpec {
  /** The layers-model JSON with canonical names: equal architectures have equal topologies. */
  readonly topology: unknown
  /** One image of each input; all inputs have this shape. */
  readonly inputShape: ImageShape
  readonly inputCount: number
  readonly calls: readonly Call[]
  /** The number of the output tensor. */
  readonly output: number
  /** One sample. */
  readonly outputShape: Shape
  /** In model order. */
  readonly parameters: readonly PlacedParameter[]
  /**
   * Sizes of the parts of the flat weight vector, which holds first what is trained, then statistics, then what is fixed, each in model
   * order.
   */
  readonly sizes: Readonly<Record<Role, number>>
  readonly parameterCount: number
}

const ROLES: readonly Role[] = ['trained', 'statistic', 'fixed']

/** Gives every parameter its place. */
export function place(parameters: readonly Parameter[]): Pick<ModelSpec, 'parameters' | 'sizes' | 'parameterCount'> {
  const starts = new Map<Parameter, number>()
  const sizes: Record<Role, number> = { trained: 0, statistic: 0, fixed: 0 }
  let end = 0
  for (const role of ROLES)
    for (const parameter of parameters.filter((each) => each.role === role)) {
      const size = sizeOf(parameter.shape)
      starts.set(parameter, end)
      sizes[role] += size
      end += size
    }
  const placed = parameters.map((parameter) => ({ ...parameter, start: starts.get(parameter) ?? 0 }))
  return { parameters: placed, sizes, parameterCount: end }
}

/** The parameters of one role, in the order of their places. */
export const ofRole = ({ parameters }: Pick<ModelSpec, 'parameters'>, role: Role): readonly PlacedParameter[] =>
  parameters.filter((parameter) => parameter.role === role)

/** Numbers in one sample: those of every input's image. */
export const sampleSize = ({ inputShape, inputCount }: ModelSpec): number => inputCount * sizeOf(inputShape)
