import type { Initializer } from '../initializers.ts'
import type { Graph, Shape, Value } from '../ir/graph.ts'
import type { Fields } from './fields.ts'

/** One trainable tensor. `name` is the layer's name, a slash, and the name TensorFlow.js gives it within the layer. */
export interface Parameter {
  readonly name: string
  readonly shape: Shape
  readonly initializer: Initializer
}

/** A layer of a model, with the shapes of one sample (no batch axis). */
export interface Layer {
  readonly name: string
  readonly outputShape: Shape
  readonly parameters: readonly Parameter[]
  /** Appends the layer's nodes for a batch `x`; `parameters` are values of the shapes declared. */
  build(g: Graph, x: Value, parameters: readonly Value[], phase: Phase): Value
}

/** What differs between training and prediction. */
export interface Phase {
  /** A mask of zeros and ones of `shape`, ones with probability `keep`, drawn anew at every step; null when predicting. */
  readonly mask: ((name: string, shape: Shape, keep: number) => Value) | null
}

/** Reads one layer of a layers-model JSON. `fields` is its config, `inputShape` what the layer before puts out. */
export type LayerReader = (name: string, fields: Fields, inputShape: Shape) => Layer
