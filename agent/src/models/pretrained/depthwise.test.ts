import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { loadPretrained } from './loadPretrained.ts'

/** A depthwise layer of three channels with two filters each. */
const deepNetwork = () =>
  tf.sequential({
    layers: [
      tf.layers.depthwiseConv2d({ kernelSize: [2, 3], depthMultiplier: 2, inputShape: [2, 3, 3], name: 'deep' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax', name: 'head' }),
    ],
  })

test('PyTorch’s depthwise convolutions give what their definition says', async () => {
  const torch = Float32Array.from({ length: 6 * 2 * 3 }, (_, i) => Math.sin(i))
  const tensors = [
    { name: 'deep.weight', shape: [6, 1, 2, 3], data: torch },
    { name: 'deep.bias', shape: [6], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
  ]
  const { weights, taken, left } = await loadPretrained(deepNetwork(), tensors)
  expect([taken, left]).toEqual([['deep'], ['head']])
  const [kernel, bias] = weights
  expect(kernel).toMatchObject({ name: 'depthwise_conv2d_1/depthwise_kernel', shape: [2, 3, 3, 2] })
  expect([...(bias?.data ?? [])]).toEqual([0, 1, 2, 3, 4, 5])
  // torch.nn.Conv2d, groups = 3: output o sees channel ⌊o / 2⌋ alone, through weight[o, 0].
  const pixels = Float32Array.from({ length: 2 * 3 * 3 }, (_, i) => Math.cos(i))
  const expected = Array.from({ length: 6 }, (_, o) => {
    let sum = 0
    for (let at = 0; at < 6; at++) sum += (pixels[at * 3 + Math.floor(o / 2)] ?? 0) * (torch[o * 6 + at] ?? 0)
    return expect.closeTo(sum, 5)
  })
  const image = tf.tensor4d(pixels, [1, 2, 3, 3])
  const filters = tf.tensor4d(kernel?.data ?? Float32Array.of(), [2, 3, 3, 2])
  expect([...tf.depthwiseConv2d(image, filters, 1, 'valid').dataSync()]).toEqual(expected)
})

test('a depthwise convolution of other windows is refused with both shapes', async () => {
  const tensors = [
    { name: 'deep.weight', shape: [6, 1, 3, 3], data: new Float32Array(54) },
    { name: 'deep.bias', shape: [6], data: new Float32Array(6) },
  ]
  await expect(loadPretrained(deepNetwork(), tensors)).rejects.toThrow(
    /^layer deep: expected weights of shapes \[2,3,3,2\], \[6\] .*got \[3,3,1,6\], \[6\] of deep$/,
  )
})
