import { createTrainer, sgd } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { models } from './index.ts'

const L = { imageSize: 32, classCount: 1000 }

/** Convolutions of 3 and 20 channels, a dense layer on 8 × 8 × 20 numbers, ten classes; each output with a bias. */
const NOTEBOOK = (27 + 1) * 20 + (180 + 1) * 20 + (1280 + 1) * 128 + (128 + 1) * 10

/** Numbers in weights, those that train and all. */
const countsOf = (model: tf.LayersModel): [trained: number, all: number] => {
  const trained = model.trainableWeights.reduce((sum, { shape }) => sum + tf.util.sizeFromShape(shape.map(Number)), 0)
  return [trained, model.countParams()]
}

describe('numbers of parameters are the published ones', () => {
  test.each<[string, () => tf.LayersModel, trained: number, all: number]>([
    ['the notebook’s network', () => models.cifarCnn({ imageSize: 32, classCount: 10 }), NOTEBOOK, NOTEBOOK],
    // torchvision's documentation of resnet18; moving averages of 4,800 channels are not parameters there.
    ['ResNet-18', () => models.resnet18({ ...L, stem: 'imagenet' }), 11_689_512, 11_689_512 + 2 * 4800],
    // keras.io/api/applications; torchvision has 3,504,872 that train.
    ['MobileNetV2', () => models.mobileNetV2(L), 3_504_872, 3_538_984],
    // Keras's 5,330,571 are with a normalisation layer's mean, variance and count: 3 + 3 + 1.
    ['EfficientNet-B0', () => models.efficientNetB0(L), 5_288_548, 5_330_571 - 7],
  ])('%s', (_, build, trained, all) => {
    const model = build()
    expect(countsOf(model)).toEqual([trained, all])
    model.dispose()
  })

  test('VGG-13 without its dense layers', () => {
    // 133,047,848 as torchvision documents, less three dense layers of 25,088 → 4,096 → 4,096 → 1,000.
    const dense = (from: number, to: number): number => (from + 1) * to
    const features = 133_047_848 - dense(25_088, 4096) - dense(4096, 4096) - dense(4096, 1000)
    const model = models.vgg({ imageSize: 32, classCount: 10, filters: [64, 128, 256, 512, 512], denseWidths: [] })
    expect(countsOf(model)).toEqual([features + dense(512, 10), features + dense(512, 10)])
    model.dispose()
  })

  test('ResNet-8 is that of MLPerf Tiny, but for biases before and missing normalisations behind its projections', () => {
    const [, all] = countsOf(models.resnet8({ imageSize: 32, classCount: 10 }))
    const biases = 3 * 16 + 3 * 32 + 3 * 64
    const normalised = 4 * (32 + 64)
    expect(all + biases - normalised).toBe(78_666)
  })

  test('MobileNetV2 of width 0.35 has the 1.66 million of its authors', () => {
    const [trained] = countsOf(models.mobileNetV2({ ...L, width: 0.35 }))
    expect(trained / 1e6).toBeCloseTo(1.66, 1)
  })
})

test.each<[string, tf.LayersModel, readonly [layer: string, shape: readonly number[]][]]>([
  [
    'resnet18',
    models.resnet18({ imageSize: 224, classCount: 3, filters: 8 }),
    [
      ['conv1', [112, 112, 8]],
      ['layer1.1.bn2', [56, 56, 8]],
      ['layer4.0.downsample.0', [7, 7, 64]],
      ['fc', [3]],
    ],
  ],
  [
    'mobileNetV2',
    models.mobileNetV2({ imageSize: 224, classCount: 3, width: 0.35 }),
    [
      ['Conv1', [112, 112, 16]],
      ['block_6_depthwise', [14, 14, 96]],
      ['block_16_project', [7, 7, 112]],
      ['Conv_1', [7, 7, 1280]],
    ],
  ],
  [
    'efficientNetB0',
    models.efficientNetB0({ imageSize: 224, classCount: 3 }),
    [
      ['stem_conv', [112, 112, 32]],
      ['block4a_se_reduce', [1, 1, 10]],
      ['block6d_add', [7, 7, 192]],
      ['top_conv', [7, 7, 1280]],
    ],
  ],
])('%s has the shapes of its paper at 224 pixels', (_, model, expected) => {
  for (const [name, shape] of expected) expect(model.getLayer(name).outputShape).toEqual([null, ...shape])
  model.dispose()
})

const SMALL = { imageSize: 32, classCount: 3 }

test.each<[string, () => tf.LayersModel, number?]>([
  ['cifarCnn', () => models.cifarCnn({ ...SMALL, channels: 1 }), 1],
  ['vgg', () => models.vgg({ ...SMALL, filters: [8, 16], dropout: 0.5 })],
  ['resnet8', () => models.resnet8(SMALL)],
  ['resnet18', () => models.resnet18({ ...SMALL, filters: 8, stem: 'imagenet' })],
  ['mobileNetV2', () => models.mobileNetV2({ ...SMALL, width: 0.35 })],
  ['efficientNetB0', () => models.efficientNetB0(SMALL)],
])('the engine takes two steps with %s, and they change every weight that trains', async (_, build, channels = 3) => {
  const model = build()
  const side = Number(model.inputs[0]?.shape[1])
  const count = 4
  const images = Uint8Array.from({ length: count * side * side * channels }, (_, i) => (i * 7919) >> 5)
  const data = { images, labels: Uint8Array.of(0, 1, 2, 0), height: side, width: side, channels, classCount: 3 }
  const options = { loss: 'categoricalCrossentropy', optimizer: sgd(0.01), seed: 1, backend: 'onnx' } as const
  const trainer = await createTrainer(model, options)
  onTestFinished(() => trainer.close())
  const before = await trainer.weights()
  for await (const { loss, step } of trainer.fit(data, { epochs: 1, batchSize: 2 }))
    expect([step, Number.isFinite(loss)]).toEqual([2, true])
  const after = await trainer.weights()
  const still = before.filter(({ data }, i) => data.every((value, j) => value === after[i]?.data[j]))
  expect(still.map(({ name }) => name)).toEqual([])
  model.dispose()
})

test.each<[string, () => unknown, string]>([
  [
    'an image of no pixels',
    () => models.resnet8({ imageSize: 0, classCount: 2 }),
    'models.resnet8: imageSize: expected an integer from 8 to 1024, got 0',
  ],
  [
    'one class',
    () => models.cifarCnn({ imageSize: 32, classCount: 1 }),
    'models.cifarCnn: classCount: expected an integer from 2 to 100000, got 1',
  ],
  [
    'half a filter',
    () => models.cifarCnn({ ...SMALL, filters: 0.5 }),
    'models.cifarCnn: filters: expected an integer from 1 to 4096, got 0.5',
  ],
  [
    'more poolings than the image takes',
    () => models.vgg({ imageSize: 8, classCount: 2, filters: [1, 1, 1, 1] }),
    'models.vgg: filters: expected 1 to 3 blocks for 8 pixels, got 4',
  ],
  [
    'no width',
    () => models.mobileNetV2({ ...SMALL, width: 0 }),
    'models.mobileNetV2: width: expected a number 0 < x ≤ 2, got 0',
  ],
  [
    'all dropped',
    () => models.efficientNetB0({ ...SMALL, dropout: 1 }),
    'models.efficientNetB0: dropout: expected a number 0 ≤ x ≤ 0.99, got 1',
  ],
])('refuses %s', (_, build, message) => {
  expect(build).toThrow(message)
})
