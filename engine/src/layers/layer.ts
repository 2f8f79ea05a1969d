import { EngineError } from '../errors.ts'
import type { Graph, Shape, Value } from '../ir/graph.ts'
import type { Initializer } from '../model/initializers.ts'
import type { Fields } from './fields.ts'

/**
 * Who changes a parameter: the optimiser (`trained`), the layer itself while training (`statistic`: the moving averages of a batch
 * normalisation), or nobody (`fixed`: all of a layer with `trainable: false`).
 */
export type Role = 'trained' | 'statistic' | 'fixed'

/** Added to the loss: `l1 · Σ|w| + l2 · Σw²`. */
export interface Penalty {
  readonly l1: number
  readonly l2: number
}

/** One tensor of a layer. `name` is the layer's name, a slash, and the name TensorFlow.js gives it within the layer. */
export interface Parameter {
  readonly name: string
  readonly shape: Shape
  readonly initializer: Initializer
  readonly role: Role
  readonly penalty: Penalty | null
}

/** A layer of a model at one place of it, with the shapes of one sample (no batch axis). */
export interface Layer {
  readonly name: string
  readonly outputShape: Shape
  readonly parameters: readonly Parameter[]
  /** Appends the layer's nodes for a batch of each input; `parameters` are values of the shapes declared. */
  build(g: Graph, inputs: readonly Value[], parameters: readonly Value[], training: Training | null): Value
}

/** What a layer may ask for while training; null when predicting. */
export interface Training {
  /** A mask of zeros and ones of `shape`, ones with probability `keep`, drawn anew at every step. */
  mask(name: string, shape: Shape, keep: number): Value
  /** Gives a statistic the value that it has from now on. */
  update(parameter: Value, next: Value): void
}

/** Reads one layer of a layers-model JSON. `fields` is its config, `inputShapes` what comes in. */
export type LayerReader = (name: string, fields: Fields, inputShapes: readonly Shape[]) => Layer

/** A layer of one input. */
export interface OneInputLayer extends Omit<Layer, 'build'> {
  build(g: Graph, x: Value, parameters: readonly Value[], training: Training | null): Value
}

export type OneInputReader = (name: string, fields: Fields, inputShape: Shape) => OneInputLayer

/** A reader that refuses anything but one input. */
export const oneInput =
  (read: OneInputReader): LayerReader =>
  (name, fields, inputShapes) => {
    const [inputShape] = inputShapes
    if (inputShape === undefined || inputShapes.length !== 1)
      throw new EngineError('E_MODEL', name, 'one input', `${inputShapes.length}`)
    const layer = read(name, fields, inputShape)
    return {
      ...layer,
      build(g, [x], parameters, training) {
        if (x === undefined) throw new Error(`${name}: no input`)
        return layer.build(g, x, parameters, training)
      },
    }
  }

/** Value `i` of a layer's parameters. */
export function parameterAt(parameters: readonly Value[], i: number): Value {
  const value = parameters[i]
  if (value === undefined) throw new Error(`parameter ${i} is missing`)
  return value
}
