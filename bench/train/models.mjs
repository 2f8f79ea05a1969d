/** The models of the cases, in TensorFlow.js; peer.py has the same in PyTorch. */
import { l2Normalize } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'

const L = tf.layers

/** conv3×3 → ReLU → maxpool2, twice; dense → ReLU → dense. */
const plain = ({ imageSize, filters, denseWidth }, classes) =>
  tf.sequential({
    layers: [
      ...[{ inputShape: [imageSize, imageSize, 3] }, {}].flatMap((options) => [
        L.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', ...options }),
        L.maxPooling2d({ poolSize: 2 }),
      ]),
      L.flatten(),
      L.dense({ units: denseWidth, activation: 'relu' }),
      L.dense({ units: classes, activation: 'softmax' }),
    ],
  })

/** A small MobileNet (Howard et al. 2017): conv3×3/2, then depthwise 3×3 and 1×1 pairs with batch normalisation and ReLU6. */
function depthwise({ imageSize, filters }, classes) {
  const normalised = () => [L.batchNormalization(), L.reLU({ maxValue: 6 })]
  const pair = (count, strides) => [
    L.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false }),
    ...normalised(),
    L.conv2d({ filters: count, kernelSize: 1, useBias: false }),
    ...normalised(),
  ]
  const inputShape = [imageSize, imageSize, 3]
  return tf.sequential({
    layers: [
      L.conv2d({ filters, kernelSize: 3, strides: 2, padding: 'same', useBias: false, inputShape }),
      ...normalised(),
      ...pair(2 * filters, 1),
      ...pair(4 * filters, 2),
      ...pair(4 * filters, 1),
      ...pair(8 * filters, 2),
      ...pair(8 * filters, 1),
      L.globalAveragePooling2d({}),
      L.dense({ units: classes, activation: 'softmax' }),
    ],
  })
}

/** ResNet-8 for small images (He et al. 2015, § 4.2, n = 1): three residual blocks of two 3×3 convolutions. */
function residual({ imageSize, filters }, classes) {
  const inputs = tf.input({ shape: [imageSize, imageSize, 3] })
  const conv = (x, count, kernelSize, strides) =>
    L.conv2d({ filters: count, kernelSize, strides, padding: 'same', useBias: false }).apply(x)
  const normalised = (x) => L.batchNormalization().apply(x)
  const relu = (x) => L.reLU().apply(x)
  const block = (x, count, strides) => {
    const inner = relu(normalised(conv(x, count, 3, strides)))
    const shortcut = strides === 1 ? x : normalised(conv(x, count, 1, strides))
    return relu(L.add().apply([normalised(conv(inner, count, 3, 1)), shortcut]))
  }
  let x = relu(normalised(conv(inputs, filters, 3, 1)))
  for (const [count, strides] of [
    [filters, 1],
    [2 * filters, 2],
    [4 * filters, 2],
  ])
    x = block(x, count, strides)
  const pooled = L.globalAveragePooling2d({}).apply(x)
  return tf.model({ inputs, outputs: L.dense({ units: classes, activation: 'softmax' }).apply(pooled) })
}

/** One tower of a siamese net, on all images of a batch: three convolutions with pooling, an embedding of length 1. */
const siamese = ({ imageSize, filters, embedding }) =>
  tf.sequential({
    layers: [
      ...[1, 2, 4].flatMap((factor, i) => [
        L.conv2d({
          filters: factor * filters,
          kernelSize: 3,
          padding: 'same',
          activation: 'relu',
          ...(i === 0 ? { inputShape: [imageSize, imageSize, 3] } : {}),
        }),
        L.maxPooling2d({ poolSize: 2 }),
      ]),
      L.globalAveragePooling2d({}),
      L.dense({ units: embedding }),
      l2Normalize(),
    ],
  })

export const MODELS = { plain, depthwise, residual, siamese }
