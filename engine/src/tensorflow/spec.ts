import type * as tf from '@tensorflow/tfjs'
import { EngineError } from '../errors.ts'
import { isSize } from '../layers/fields.ts'
import type { Parameter, Role } from '../layers/layer.ts'
import { type ImageShape, type ModelSpec, place } from '../model/spec.ts'

/** Set from outside, so never drawn. */
const GIVEN = { type: 'constant', value: 0 } as const

/** Describes a model that only TensorFlow.js can run: no calls, and weights by the names that it gives them. */
export function specOf(model: tf.LayersModel, topology: unknown): ModelSpec {
  const [first, ...others] = model.inputs.map(({ shape }) => imageShapeOf(shape))
  const [output, ...moreOutputs] = model.outputs
  if (first === undefined || output === undefined || moreOutputs.length > 0)
    throw new EngineError('E_UNSUPPORTED', 'model', 'one output', `${model.outputs.length}`)
  const odd = others.find((shape) => `${shape}` !== `${first}`)
  if (odd !== undefined) throw new EngineError('E_UNSUPPORTED', 'model', `inputs of one shape, [${first}]`, `[${odd}]`)
  const outputShape = output.shape.slice(1).map(Number)
  if (outputShape.length !== 1)
    throw new EngineError('E_MODEL', 'model', 'one row of numbers per sample: an output [classes]', `[${outputShape}]`)
  const placed = place(parametersOf(model))
  const inputs = { inputShape: first, inputCount: model.inputs.length }
  return { topology, ...inputs, calls: [], output: 0, outputShape, ...placed }
}

/** In the order of `model.weights`: what is trained comes first. */
function parametersOf(model: tf.LayersModel): Parameter[] {
  const trained = new Set(model.trainableWeights)
  return model.weights.map((weight): Parameter => {
    const role: Role = trained.has(weight) ? 'trained' : 'statistic'
    return { name: weight.originalName, shape: weight.shape.map(Number), initializer: GIVEN, role, penalty: null }
  })
}

function imageShapeOf(shape: readonly (number | null)[]): ImageShape {
  const [, height, width, channels] = shape
  if (shape.length === 4 && isSize(height) && isSize(width) && isSize(channels)) return [height, width, channels]
  throw new EngineError('E_MODEL', 'the first layer', 'inputShape: [height, width, channels]', JSON.stringify(shape))
}

/** The name of the layer of each of them. */
export const weightLayers = (model: tf.LayersModel): string[] =>
  model.weights.map(({ originalName }) => originalName.split('/').slice(0, -1).join('/'))

/** All weights that the model holds now, flat. */
export function flatWeights(model: tf.LayersModel, { parameters, parameterCount }: ModelSpec): Float32Array {
  const flat = new Float32Array(parameterCount)
  for (const [i, { start }] of parameters.entries()) {
    const tensor = model.weights[i]?.read()
    if (tensor !== undefined) flat.set(tensor.dataSync(), start)
  }
  return flat
}
