import { adam, createPredictor, createTrainer, EngineError, type Epoch, sgd, type WeightTensor } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import {
  benchModel,
  learnableImages,
  penalisedModel,
  residualModel,
  siameseModel,
  someImages,
} from '../testing/models.ts'
import { relativeError } from '../testing/numbers.ts'
import { settled } from '../testing/settled.ts'
import { closing, fitAll, trainerOf } from '../testing/trainers.ts'
import type { Loss, Optimizer } from '../types.ts'

/** With a layer that the engine does not know. */
const upsampled = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 2] }),
      tf.layers.upSampling2d({ size: [2, 2] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  })

test.each<[string, () => tf.LayersModel, Loss, Optimizer]>([
  ['the benchmark model', () => benchModel(8, 2, 6), 'categoricalCrossentropy', adam(0.003, { clipNorm: 1 })],
  ['a residual model', () => residualModel(), 'categoricalCrossentropy', sgd(0.05, { momentum: 0.9 })],
  ['penalties on weights', penalisedModel, { type: 'categoricalCrossentropy', labelSmoothing: 0.1 }, sgd(0.05)],
  ['squared differences', penalisedModel, 'meanSquaredError', sgd(0.05)],
])('%s: TensorFlow.js trains to the weights that the engine trains to', async (_, build, loss, optimizer) => {
  const model = settled(build())
  const data = someImages(model, 30, 2)
  const options = { loss, optimizer, initialWeights: 'model' } as const
  const [own, other] = await Promise.all(
    (['onnx', 'tensorflow'] as const).map((backend) => trainerOf(model, { ...options, backend })),
  )
  if (own === undefined || other === undefined) throw new Error('two trainers')
  const fit = { epochs: 1, batchSize: 10, classWeights: new Array(data.classCount).fill(1).map((w, i) => w + i / 4) }
  const [ownEpochs, otherEpochs] = [await fitAll(own, data, fit), await fitAll(other, data, fit)]
  expect(otherEpochs[0]?.loss).toBeCloseTo(ownEpochs[0]?.loss ?? Number.NaN, 4)
  expect(otherEpochs[0]?.accuracy).toBe(ownEpochs[0]?.accuracy)
  const [ownWeights, otherWeights] = [await own.weights(), await other.weights()]
  // TensorFlow.js lists a model's moving averages last, and names weights in its own way.
  const flat = (weights: readonly WeightTensor[]): number[] => {
    const [moving, others] = [true, false].map((isMoving) =>
      weights.filter(({ name }) => name.includes('/moving_') === isMoving),
    )
    return [...(others ?? []), ...(moving ?? [])].flatMap((weight) => [...weight.data])
  }
  expect(relativeError(flat(otherWeights), flat(ownWeights))).toBeLessThan(1e-4)
  const [a, b] = [await own.evaluate(data), await other.evaluate(data)]
  expect(relativeError(b.probabilities, a.probabilities)).toBeLessThan(1e-4)
  expect(b.loss).toBeCloseTo(a.loss, 4)
})

test('a model with a layer that the engine does not know is trained all the same, and says by what', async () => {
  const model = settled(upsampled())
  const data = learnableImages(model, 60, 1)
  const trainer = await trainerOf(model, { optimizer: adam(0.01) })
  expect(trainer.engine).toMatch(/^tensorflow.js cpu/)
  expect(trainer.notice).toMatch(/the engine has no UpSampling2D at layer ".*" \(UpSampling2D\)/)
  const epochs: Epoch[] = await fitAll(trainer, data, { epochs: 6, batchSize: 20, validation: data })
  expect(epochs.at(-1)?.loss).toBeLessThan(epochs[0]?.loss ?? 0)
  const evaluation = await trainer.evaluate(data)
  const predictor = await createPredictor({ topology: trainer.topology, weights: await trainer.weights() })
  closing(predictor)
  const predicted = await predictor.predict(data.images, 60)
  expect(relativeError(predicted, evaluation.probabilities)).toBeLessThan(1e-5)
})

test('where only the engine will do, it says what it cannot', async () => {
  await expect(trainerOf(upsampled(), { backend: 'onnx' })).rejects.toMatchObject({ code: 'E_UNSUPPORTED' })
})

test('two outputs are too many for either', async () => {
  const inputs = tf.input({ shape: [6, 6, 2] })
  const flat = tf.layers.flatten().apply(inputs)
  if (Array.isArray(flat) || flat instanceof tf.Tensor) throw new Error('one symbolic output')
  const heads = [1, 2].map(() => tf.layers.dense({ units: 2, activation: 'softmax' }).apply(flat))
  const outputs = heads.filter((head): head is tf.SymbolicTensor => head instanceof tf.SymbolicTensor)
  const made = createTrainer(tf.model({ inputs, outputs }), {
    loss: 'categoricalCrossentropy',
    optimizer: sgd(1),
    seed: 1,
  })
  await expect(made).rejects.toBeInstanceOf(EngineError)
})

test('several inputs work there too', async () => {
  const model = siameseModel()
  const set = someImages(model, 20, 3)
  const data = { ...set, images: new Uint8Array([...set.images, ...set.images]), classCount: 2 }
  const trainer = await trainerOf(model, { loss: 'binaryCrossentropy', backend: 'tensorflow', optimizer: sgd(0.01) })
  const labels = set.labels.map((label) => label % 2)
  const [epoch] = await fitAll(trainer, { ...data, labels }, { epochs: 1, batchSize: 20 })
  expect(epoch?.loss).toBeGreaterThan(0)
})
