import { adam, type ImageSet, sgd } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { brightImages, brightModel } from '../../testing/agents.ts'
import { freeze } from '../index.ts'
import { type OverfitOptions, overfitOneBatch } from './overfitOneBatch.ts'

const OPTIONS: OverfitOptions = { loss: 'categoricalCrossentropy', optimizer: sgd(0.5), steps: 60 }
const IMAGES = brightImages(40)

/** A last layer as asked for, on all pixels. */
const ending = (units: number, activation?: 'softmax' | 'sigmoid', ...before: tf.layers.Layer[]): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [4, 4, 3] }),
      ...before,
      tf.layers.flatten(),
      tf.layers.dense({ units, ...(activation && { activation }) }),
    ],
  })

/** Black and white halves: the class says whether they are alike, which no single layer can. */
function exclusive(): ImageSet {
  const labels = Uint8Array.from({ length: 40 }, (_, i) => ((i & 1) ^ ((i >> 1) & 1)) as number)
  const images = Uint8Array.from({ length: 40 * 48 }, (_, at) => {
    const [image, half] = [Math.floor(at / 48), at % 48 < 24 ? 0 : 1]
    return (image >> half) & 1 ? 200 : 50
  })
  return { ...IMAGES, labels, images }
}

interface Broken {
  readonly model?: () => tf.LayersModel
  readonly data?: ImageSet
  readonly options?: Partial<OverfitOptions>
}

test('what is right learns its batch, and nothing is found', async () => {
  const model = brightModel()
  const before = model.getWeights().map((tensor) => [...tensor.dataSync()])
  const result = await overfitOneBatch(model, IMAGES, OPTIONS)
  expect(result).toMatchObject({ learned: true, accuracy: 1, findings: [] })
  expect(result.text).toMatch(/^Learned in \d+ steps: loss [\d.]+ → [\d.]+, accuracy 100.0 %\.$/)
  expect(model.getWeights().map((tensor) => [...tensor.dataSync()])).toEqual(before)
})

test.each<[string, string, RegExp, Broken]>([
  [
    'labels that count from 1',
    'labels-out-of-range',
    /label 1 is 2, and there are 2 classes\. Labels count from 0 to 1/,
    { data: { ...IMAGES, labels: IMAGES.labels.map((label) => label + 1) } },
  ],
  ['one label', 'labels-constant', /all 40 labels are 1/, { data: { ...IMAGES, labels: IMAGES.labels.map(() => 1) } }],
  [
    'labels in another order than the images',
    'labels-conflict',
    /one image has the labels [01] and [01]/,
    { data: { ...exclusive(), labels: Uint8Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 1)) } },
  ],
  ['grey images', 'images-constant', /of one grey each/, { data: { ...IMAGES, images: greys() } }],
  ['one image', 'images-constant', /all images are the same/, { data: { ...IMAGES, images: repeated() } }],
  [
    'pixels as they are',
    'input-range',
    /numbers from \d+ to 2\d\d\. Scale pixels/,
    { options: { normalisation: { scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } } },
  ],
  [
    'pixels that are divided twice',
    'input-range',
    /numbers from 0\.000\d+ to 0\.00\d+\. Were pixels divided/,
    { model: () => ending(2, 'softmax', tf.layers.rescaling({ scale: 1 / 255 })) },
  ],
  ['a frozen model', 'all-frozen', /no layer of the model trains/, { model: frozen }],
  [
    'an output too many',
    'output-width',
    /needs 2 outputs for 2 classes, and the model has 3 outputs/,
    { model: () => ending(3, 'softmax') },
  ],
  [
    'sigmoids for classes',
    'output-activation',
    /a last layer with activation 'softmax'/,
    { model: () => ending(2, 'sigmoid') },
  ],
  ['no activation', 'output-activation', /a last layer with activation 'softmax'/, { model: () => ending(2) }],
  [
    'a softmax for yes and no',
    'output-activation',
    /a last layer with activation 'sigmoid'/,
    { options: { loss: 'binaryCrossentropy' } },
  ],
  [
    'a rate too low',
    'learning-rate-low',
    /too low: with [\d.]+ the batch is learned in \d+ steps/,
    { options: { optimizer: adam(1e-8) } },
  ],
  [
    'a rate that grows the loss, on what cannot be learned',
    'learning-rate-high',
    /the loss falls most steeply/,
    { data: exclusive(), options: { optimizer: sgd(300) } },
  ],
  [
    'a rate that breaks all',
    'learning-rate-high',
    /too high: with [\d.]+ the batch is learned/,
    { options: { optimizer: sgd(1e38) } },
  ],
  [
    'a network too small',
    'not-learned',
    /another learning rate does not help/,
    { data: exclusive(), options: { optimizer: adam(0.01) } },
  ],
])('%s: %s', async (_, code, text, { model = brightModel, data = IMAGES, options = {} }) => {
  const result = await overfitOneBatch(model(), data, { ...OPTIONS, ...options })
  expect(result.findings.map((finding) => finding.code)).toEqual([code])
  expect(result.text).toMatch(text)
  // Steps on what cannot be learned would say nothing.
  expect(result.losses.length > 0).toBe(/rate|learned|range$/.test(code) && code !== 'labels-out-of-range')
})

function greys(): Uint8Array {
  return IMAGES.images.map((_, at) => (Math.floor(at / 48) * 5) % 256)
}
function repeated(): Uint8Array {
  return IMAGES.images.map((_, at) => IMAGES.images[at % 48] ?? 0)
}
function frozen(): tf.LayersModel {
  const model = brightModel()
  return freeze(model, model.layers.at(-1)?.name)
}

test.each([
  [{ steps: 0 }, IMAGES, 'overfitOneBatch: steps: expected an integer from 1 to 100000, got 0'],
  [{ batchSize: 1 }, IMAGES, 'overfitOneBatch: batchSize: expected an integer from 2 to 65536, got 1'],
  [{}, { ...IMAGES, labels: new Uint8Array() }, 'overfitOneBatch: data: expected at least one image, got none'],
])('refuses %j', async (options, data, message) => {
  await expect(overfitOneBatch(brightModel(), data, { ...OPTIONS, ...options })).rejects.toThrow(message)
})
