import type { WeightTensor } from '@pawprint/engine'

/** PyTorch's names of a batch normalisation's parameters. */
const NORMALISATION: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
}
/** Those of a convolution or dense layer. */
const LINEAR: Readonly<Record<string, string>> = { weight: 'kernel', bias: 'bias' }

/**
 * A PyTorch model's tensors as TensorFlow.js has them: `layer1.0.bn1.running_var` becomes `layer1.0.bn1/moving_variance`, a convolution's
 * `[outputs, inputs, height, width]` becomes `[height, width, inputs, outputs]`, a dense layer's weights are transposed. Tensors with
 * other names stay as they are. A depthwise convolution is there one of groups, `[channels × multiplier, 1, height, width]`; `matchWeights` knows it.
 */
export function fromTorch(tensors: readonly WeightTensor[]): readonly WeightTensor[] {
  const isTorch = tensors.some(({ name }) => /^[^/]+\.weight$/.test(name))
  if (!isTorch) return tensors
  const normalised = new Set(tensors.flatMap(({ name }) => (name.endsWith('.running_mean') ? [layerOf(name)] : [])))
  return tensors.map((tensor) => {
    const layer = layerOf(tensor.name)
    const leaf = (normalised.has(layer) ? NORMALISATION : LINEAR)[tensor.name.slice(layer.length + 1)]
    if (leaf === undefined) return tensor
    return { ...(leaf === 'kernel' ? channelsLast(tensor) : tensor), name: `${layer}/${leaf}` }
  })
}

const layerOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf('.')))

/** `[outputs, inputs, …window]` to `[…window, inputs, outputs]`. */
function channelsLast({ name, shape, data }: WeightTensor): WeightTensor {
  const [outputs = 1, inputs = 1, ...window] = shape
  const points = window.reduce((product, side) => product * side, 1)
  const moved = new Float32Array(data.length)
  for (let o = 0; o < outputs; o++)
    for (let i = 0; i < inputs; i++)
      for (let p = 0; p < points; p++) moved[(p * inputs + i) * outputs + o] = data[(o * inputs + i) * points + p] ?? 0
  return { name, shape: [...window, inputs, outputs], data: moved }
}
