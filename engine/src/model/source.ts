import type * as tf from '@tensorflow/tfjs'
import { EngineError } from '../errors.ts'
import { sameShape, sizeOf } from '../ir/graph.ts'
import type { ModelSpec } from './spec.ts'

/* What is read from a living TensorFlow.js model, which knows more than its JSON does. */

/**
 * The model's JSON. TensorFlow.js forgets in it that a model within the model was frozen (`tower.trainable = false`): here each layer
 * says so itself.
 */
export function topologyOf(model: tf.LayersModel): unknown {
  const json: unknown = model.toJSON(null, false)
  markFrozen(json, model, true)
  return json
}

function markFrozen(json: unknown, model: tf.layers.Layer, isTrainable: boolean): void {
  const config = member(json, 'config')
  const items = member(config, 'layers')
  const isTrained = isTrainable && model.trainable !== false
  if (!Array.isArray(items)) {
    if (!isTrained && typeof config === 'object' && config !== null) Object.assign(config, { trainable: false })
    return
  }
  layersIn(model).forEach((layer, i) => {
    markFrozen(items[i], layer, isTrained)
  })
}

/** The weights that the model holds now, as one flat vector. */
export function currentWeights(spec: ModelSpec, model: tf.LayersModel): Float32Array {
  const values = leavesOf(model).flatMap((layer) => layer.getWeights())
  const flat = new Float32Array(spec.parameterCount)
  if (values.length !== spec.parameters.length)
    throw new EngineError('E_MODEL', 'weights', `${spec.parameters.length} tensors`, `${values.length}`)
  for (const [i, { name, shape, start }] of spec.parameters.entries()) {
    const tensor = values[i]
    if (!tensor || !sameShape(tensor.shape, shape) || tensor.size !== sizeOf(shape))
      throw new EngineError('E_MODEL', `weights ${name}`, `shape [${shape}]`, `[${tensor?.shape ?? 'nothing'}]`)
    flat.set(tensor.dataSync(), start)
  }
  return flat
}

/** The model's own name of each parameter's layer, in model order. */
export const parameterLayers = (model: tf.LayersModel): string[] =>
  leavesOf(model).flatMap((layer) => layer.weights.map(() => layer.name))

const leavesOf = (layer: tf.layers.Layer): tf.layers.Layer[] => {
  const inner = layersIn(layer)
  return inner.length === 0 ? [layer] : inner.flatMap(leavesOf)
}

function layersIn(layer: tf.layers.Layer): readonly tf.layers.Layer[] {
  const inner = member(layer, 'layers')
  return Array.isArray(inner) ? inner : []
}

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined
