import type * as tf from '@tensorflow/tfjs'
import { AgentError } from '../errors.ts'

/**
 * Holds a model's layers still, from the first one up to and with `until`, by its name; those after it train. Default: all but the last
 * layer with weights, the head. A frozen batch normalisation uses its moving averages, also while training. Changes the model, and
 * gives it back. Throws AgentError `E_OPTION` for a layer that is not there.
 */
export function freeze<M extends tf.LayersModel>(model: M, until?: string): M {
  const last = until === undefined ? headOf(model) - 1 : model.layers.findIndex(({ name }) => name === until)
  if (until !== undefined && last < 0) {
    const names = model.layers.map(({ name }) => name).join(', ')
    throw new AgentError('E_OPTION', 'freeze: until', `the name of a layer: ${shortened(names)}`, JSON.stringify(until))
  }
  model.layers.forEach((layer, i) => {
    setTrainable(layer, i > last)
  })
  return model
}

export interface UnfreezeOptions {
  /**
   * Whether batch normalisations train, too; default true. With false they keep their moving averages, which small batches of new data
   * would spoil: as Keras's guide to transfer learning advises for fine-tuning.
   */
  readonly batchNormalization?: boolean
}

/** Lets all layers of a model train. Changes the model, and gives it back. */
export function unfreeze<M extends tf.LayersModel>(model: M, { batchNormalization = true }: UnfreezeOptions = {}): M {
  for (const layer of model.layers) setTrainable(layer, true)
  if (!batchNormalization)
    for (const layer of leavesOf(model)) if (layer.getClassName() === 'BatchNormalization') layer.trainable = false
  return model
}

/** A layer, or a model used as one, with all in it. */
function setTrainable(layer: tf.layers.Layer, isTrainable: boolean): void {
  layer.trainable = isTrainable
  for (const inner of layersIn(layer)) setTrainable(inner, isTrainable)
}

/** Place of the last layer with weights. */
export const headOf = ({ layers }: tf.LayersModel): number => layers.findLastIndex(({ weights }) => weights.length > 0)

const leavesOf = (layer: tf.layers.Layer): tf.layers.Layer[] => {
  const inner = layersIn(layer)
  return inner.length === 0 ? [layer] : inner.flatMap(leavesOf)
}

const layersIn = (layer: tf.layers.Layer): readonly tf.layers.Layer[] => {
  const inner: unknown = Reflect.get(layer, 'layers')
  return Array.isArray(inner) ? inner : []
}

const shortened = (text: string): string => (text.length > 300 ? `${text.slice(0, 297)}…` : text)
