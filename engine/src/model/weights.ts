import { EngineError } from '../errors.ts'
import { sameShape, sizeOf } from '../ir/graph.ts'
import { randomStream } from '../random.ts'
import type { WeightTensor } from '../types.ts'
import { draw } from './initializers.ts'
import type { ModelSpec } from './spec.ts'

/** First weights of every parameter, each from its own stream of `seed`, as one flat vector. */
export function seededWeights({ parameters, parameterCount }: ModelSpec, seed: number): Float32Array {
  const weights = new Float32Array(parameterCount)
  parameters.forEach(({ shape, initializer, start }, index) => {
    weights.set(draw(initializer, sizeOf(shape), randomStream(seed, 'weights', index)), start)
  })
  return weights
}

/** `flat` with some parameters replaced, by name. Throws `E_MODEL` for a tensor that the model has no place for. */
export function withTensors(
  { parameters }: ModelSpec,
  flat: Float32Array,
  tensors: readonly WeightTensor[],
): Float32Array {
  const places = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  for (const { name, shape, data } of tensors) {
    const place = places.get(name)
    if (place === undefined)
      throw new EngineError('E_MODEL', `weights ${name}`, 'a parameter of the model', 'none such')
    if (!sameShape(shape, place.shape) || data.length !== sizeOf(shape))
      throw new EngineError('E_MODEL', `weights ${name}`, `shape [${place.shape}]`, `[${shape}] of ${data.length}`)
    flat.set(data, place.start)
  }
  return flat
}

/** The flat weight vector as named tensors in model order, which share its memory. */
export const toTensors = ({ parameters }: ModelSpec, flat: Float32Array): WeightTensor[] =>
  parameters.map(({ name, shape, start }) => ({ name, shape, data: flat.subarray(start, start + sizeOf(shape)) }))

/** Named tensors as one flat vector. They must be the model's parameters, all of them, in any order. */
export function fromTensors({ parameters, parameterCount }: ModelSpec, tensors: readonly WeightTensor[]): Float32Array {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const flat = new Float32Array(parameterCount)
  for (const { name, shape, start } of parameters) {
    const tensor = given.get(name)
    const isFitting = tensor && sameShape(tensor.shape, shape) && tensor.data.length === sizeOf(shape)
    if (!isFitting)
      throw new EngineError('E_MODEL', `weights ${name}`, `shape [${shape}]`, `[${tensor?.shape ?? 'nothing'}]`)
    flat.set(tensor.data, start)
  }
  if (given.size !== parameters.length || tensors.length !== given.size) {
    const expected = parameters.map(({ name }) => name).join(', ')
    throw new EngineError('E_MODEL', 'weights', expected, tensors.map(({ name }) => name).join(', '))
  }
  return flat
}
