import type * as tf from '@tensorflow/tfjs'
import { EngineError } from './errors.ts'
import { sameShape, sizeOf } from './ir/graph.ts'
import type { ModelSpec } from './model.ts'
import type { WeightTensor } from './types.ts'

/** The flat weight vector as named tensors, which share its memory. */
export function toTensors(model: ModelSpec, flat: Float32Array): WeightTensor[] {
  let start = 0
  return model.parameters.map(({ name, shape }) => {
    const data = flat.subarray(start, start + sizeOf(shape))
    start += data.length
    return { name, shape, data }
  })
}

/** Named tensors as one flat vector. They must be the model's parameters, all of them, in any order. */
export function fromTensors(model: ModelSpec, tensors: readonly WeightTensor[]): Float32Array {
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const flat = new Float32Array(model.parameterCount)
  let start = 0
  for (const { name, shape } of model.parameters) {
    const tensor = given.get(name)
    const isFitting = tensor && sameShape(tensor.shape, shape) && tensor.data.length === sizeOf(shape)
    if (!isFitting)
      throw new EngineError('E_MODEL', `weights ${name}`, `shape [${shape}]`, `[${tensor?.shape ?? 'nothing'}]`)
    flat.set(tensor.data, start)
    start += tensor.data.length
  }
  if (given.size !== model.parameters.length || tensors.length !== given.size) {
    const expected = model.parameters.map(({ name }) => name).join(', ')
    throw new EngineError('E_MODEL', 'weights', expected, tensors.map(({ name }) => name).join(', '))
  }
  return flat
}

/** The weights that a TensorFlow.js model holds now. */
export function currentWeights(model: ModelSpec, source: tf.LayersModel): Float32Array {
  const values = source.getWeights()
  const tensors = model.parameters.map(({ name }, i): WeightTensor => {
    const tensor = values[i]
    return { name, shape: tensor?.shape ?? [], data: Float32Array.from(tensor?.dataSync() ?? []) }
  })
  return fromTensors(model, tensors)
}
