import * as tf from '@tensorflow/tfjs'

/** Sends `x` through layers, one after the other. */
export const chain = (x: tf.SymbolicTensor, ...layers: readonly tf.layers.Layer[]): tf.SymbolicTensor =>
  layers.reduce((value, layer) => join(layer, [value]), x)

/** Sends several values into one layer. */
export function join(layer: tf.layers.Layer, inputs: readonly tf.SymbolicTensor[]): tf.SymbolicTensor {
  const [only] = inputs
  const output = layer.apply(inputs.length === 1 && only !== undefined ? only : [...inputs])
  if (output instanceof tf.SymbolicTensor) return output
  throw new Error('a layer of one output')
}

/** How many channels a value has. */
export const channelsOf = ({ shape }: tf.SymbolicTensor): number => Number(shape.at(-1))

/** Nearest multiple of 8, but never less than 0.9 of `count` (MobileNets' reference code). */
export function toMultipleOf8(count: number): number {
  const near = Math.max(8, Math.floor((count + 4) / 8) * 8)
  return near < 0.9 * count ? near + 8 : near
}
