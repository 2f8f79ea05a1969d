import { spawnSync } from 'node:child_process'
import { adam, type Checkpoint, createPredictor, sgd, type WeightTensor } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { BACKENDS } from './testing/devices.ts'
import { benchModel, embeddingModel, learnableImages, oddModel, siameseModel, someImages } from './testing/models.ts'
import { someLabels } from './testing/numbers.ts'
import { closing, fitAll, sha1Of, small, trainerOf } from './testing/trainers.ts'

test('a model learns, and says so epoch by epoch', async () => {
  const model = small()
  const data = learnableImages(model, 205, 1)
  const validation = learnableImages(model, 50, 2)
  const reports: number[] = []
  const trainer = await trainerOf(model, { optimizer: adam(0.01) })
  const onStep = ({ step }: { step: number }): void => void reports.push(step)
  const epochs = await fitAll(trainer, data, { epochs: 12, batchSize: 10, validation, onStep })
  expect(epochs.map(({ epoch, epochs, step }) => [epoch, epochs, step])).toEqual(
    Array.from({ length: 12 }, (_, i) => [i + 1, 12, 21 * (i + 1)]),
  )
  expect(epochs[0]?.loss).toBeGreaterThan(1)
  expect(epochs.at(-1)?.validationAccuracy).toBeGreaterThan(0.7)
  expect(epochs.at(-1)?.samplesPerSecond).toBeGreaterThan(0)
  expect(reports.at(-1)).toBe(252)
  const evaluation = await trainer.evaluate(validation)
  expect(evaluation.accuracy).toBe(epochs.at(-1)?.validationAccuracy)
  expect(evaluation.loss).toBe(epochs.at(-1)?.validationLoss)
  expect(trainer.parameterCount).toBe(model.countParams())
})

test.each(BACKENDS)(
  '%s: the same seed gives the same bytes: again, and side by side; another seed gives others',
  async (backend) => {
    const run = async (seed: number): Promise<string> => {
      const model = oddModel()
      const trainer = await trainerOf(model, { seed, backend })
      await fitAll(trainer, someImages(model, 53, 4), { epochs: 2, batchSize: 8 })
      return sha1Of(trainer)
    }
    const alone = await run(1)
    const [left, right, other] = await Promise.all([run(1), run(1), run(2)])
    expect(left).toBe(alone)
    expect(right).toBe(alone)
    expect(other).not.toBe(alone)
  },
)

test('two fits in a row are one fit of as many epochs', async () => {
  const model = small()
  const data = someImages(model, 30, 4)
  const [once, twice] = [await trainerOf(model), await trainerOf(model)]
  await fitAll(once, data, { epochs: 2, batchSize: 7 })
  await fitAll(twice, data, { epochs: 1, batchSize: 7 })
  await fitAll(twice, data, { epochs: 1, batchSize: 7 })
  expect(await sha1Of(twice)).toBe(await sha1Of(once))
})

test('images in shared memory train to the same weights', async () => {
  const model = small()
  const data = someImages(model, 40, 4)
  const images = new Uint8Array(new SharedArrayBuffer(data.images.length))
  images.set(data.images)
  const [plain, shared] = [await trainerOf(model), await trainerOf(model)]
  await fitAll(plain, data, { epochs: 1, batchSize: 8 })
  await fitAll(shared, { ...data, images }, { epochs: 1, batchSize: 8 })
  expect(await sha1Of(shared)).toBe(await sha1Of(plain))
})

test('an image has the same probabilities, bit for bit, alone, among others, in evaluate and in predict', async () => {
  const model = benchModel(16, 8, 32)
  const data = someImages(model, 37, 6)
  const trainer = await trainerOf(model)
  await fitAll(trainer, data, { epochs: 1, batchSize: 9 })
  const { probabilities } = await trainer.evaluate(data)
  const predictor = await createPredictor({
    topology: JSON.parse(JSON.stringify(trainer.topology)),
    weights: await trainer.weights(),
  })
  closing(predictor)
  expect(await predictor.predict(data.images, 37)).toEqual(probabilities)
  const size = data.images.length / 37
  for (let i = 0; i < 37; i++) {
    const alone = await predictor.predict(data.images.subarray(i * size, (i + 1) * size), 1)
    expect(alone).toEqual(probabilities.slice(10 * i, 10 * i + 10))
  }
  expect([predictor.inputShape, predictor.classCount]).toEqual([[16, 16, 3], 10])
})

test("initialWeights 'model' starts from the model's own, and no step changes them", async () => {
  const model = small()
  const trainer = await trainerOf(model, { initialWeights: 'model' })
  const weights = await trainer.weights()
  expect(weights.map(({ data }) => [...data])).toEqual(model.getWeights().map((tensor) => [...tensor.dataSync()]))
})

test('a stopped fit rejects with the reason, and the trainer still answers', async () => {
  const model = small()
  const trainer = await trainerOf(model)
  const stop = new AbortController()
  const reason = new Error('enough')
  const fit = fitAll(trainer, someImages(model, 5000, 1), {
    epochs: 1000,
    batchSize: 10,
    signal: stop.signal,
    onStep: () => stop.abort(reason),
  })
  await expect(fit).rejects.toBe(reason)
  expect((await trainer.weights()).length).toBe(8)
})

test('an error of onStep ends the fit with that error', async () => {
  const model = small()
  const trainer = await trainerOf(model)
  const failing = (): void => {
    throw new Error('from onStep')
  }
  const fit = fitAll(trainer, someImages(model, 5000, 1), { epochs: 1000, batchSize: 10, onStep: failing })
  await expect(fit).rejects.toThrow('from onStep')
  expect((await trainer.weights()).length).toBe(8)
})

test('a loss that is not finite ends training, naming epoch and step', async () => {
  const model = small()
  const trainer = await trainerOf(model, { optimizer: sgd(1e30) })
  const fit = fitAll(trainer, someImages(model, 40, 1), { epochs: 3, batchSize: 10 })
  await expect(fit).rejects.toMatchObject({ code: 'E_NON_FINITE', at: expect.stringMatching(/^epoch 1, step [234]$/) })
})

test('weights that are not finite end training in the very step, naming the layer', async () => {
  const model = small()
  const checkpoints: Checkpoint[] = []
  const onCheckpoint = (checkpoint: Checkpoint): void => void checkpoints.push(checkpoint)
  // One step: its loss is that of the first weights, and finite.
  const blown = await trainerOf(model, { optimizer: { ...sgd(1), learningRate: 1e39 } })
  const fit = fitAll(blown, someImages(model, 10, 1), { epochs: 1, batchSize: 10, onCheckpoint })
  await expect(fit).rejects.toMatchObject({
    code: 'E_NON_FINITE',
    at: expect.stringMatching(/^epoch 1, step 1, (conv2d|dense)_\d\/(kernel|bias)$/),
  })
  expect(checkpoints).toEqual([])
})

test('classes that count nothing are not learnt; more weight is a larger step', async () => {
  const model = small()
  const data = learnableImages(model, 200, 1)
  const weightsAfter = async (classWeights?: number[], sampleWeights?: Float32Array): Promise<WeightTensor[]> => {
    const trainer = await trainerOf(model, { optimizer: sgd(0.1) })
    const options = { epochs: 1, batchSize: 200, ...(classWeights && { classWeights }) }
    await fitAll(trainer, sampleWeights ? { ...data, sampleWeights } : data, options)
    return trainer.weights()
  }
  const zero = await trainerOf(model, { optimizer: sgd(0.1) })
  expect(await weightsAfter(new Array(10).fill(0))).toEqual(await zero.weights())
  // Class weights are sample weights by class.
  const perClass = Array.from({ length: 10 }, (_, i) => i / 4)
  const perSample = Float32Array.from(data.labels, (label) => label / 4)
  expect(await weightsAfter(perClass)).toEqual(await weightsAfter(undefined, perSample))
})

test('siamese towers learn to tell whether two images are of one kind', async () => {
  const model = siameseModel()
  const count = 240
  const size = 6 * 6 * 2
  const noise = someImages(model, 2 * count, 3).images
  const kinds = someLabels(2 * count, 2, 4)
  const images = noise.map((value, i) => value / 4 + ((kinds[Math.floor(i / size)] ?? 0) === i % 2 ? 120 : 0))
  const labels = Uint8Array.from({ length: count }, (_, i) => (kinds[2 * i] === kinds[2 * i + 1] ? 1 : 0))
  const data = { images, labels, height: 6, width: 6, channels: 2, classCount: 2 }
  const trainer = await trainerOf(model, { loss: 'binaryCrossentropy', optimizer: adam(0.01) })
  await fitAll(trainer, data, { epochs: 25, batchSize: 20 })
  const { accuracy, probabilities } = await trainer.evaluate(data)
  expect(accuracy).toBeGreaterThan(0.95)
  const predictor = await createPredictor({ topology: trainer.topology, weights: await trainer.weights() })
  closing(predictor)
  expect(predictor.classCount).toBe(2)
  const predicted = await predictor.predict(images, count)
  predicted.forEach((value, i) => {
    expect(value).toBeCloseTo(probabilities[i] ?? Number.NaN, 6)
  })
})

test('embeddings by triplets bring images of one class together', async () => {
  const model = embeddingModel()
  const data = { ...learnableImages(model, 120, 1), classCount: 3, labels: new Uint8Array(120) }
  const size = 6 * 6 * 2
  data.labels.set(someLabels(120, 3, 9))
  const images = data.images.map((value, i) => value / 3 + (i % 3 === data.labels[Math.floor(i / size)] ? 150 : 0))
  const trainer = await trainerOf(model, { loss: { type: 'triplet', margin: 0.5 }, optimizer: adam(0.01) })
  const epochs = await fitAll(trainer, { ...data, images }, { epochs: 10, batchSize: 30 })
  expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 2)
  const { accuracy, probabilities } = await trainer.evaluate({ ...data, images })
  expect(accuracy).toBeGreaterThan(0.95)
  expect(probabilities).toHaveLength(120 * 3)
})

test('timers of the calling thread run while a step does', async () => {
  const model = benchModel(16, 8, 16)
  const trainer = await trainerOf(model)
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  await fitAll(trainer, someImages(model, 400, 1), { epochs: 2, batchSize: 50 })
  clearInterval(timer)
  expect(ticks).toBeGreaterThan(3)
})

test('closing in the middle of a step ends the fit by name, and the process goes on', async () => {
  // In a process of its own: what went wrong here took the whole process with it.
  const script = `
    import * as tf from '@tensorflow/tfjs'
    import { adam, createTrainer } from './engine/dist/index.js'
    const model = tf.sequential({ layers: [
      tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 64, kernelSize: 3, activation: 'relu' }),
      tf.layers.flatten(), tf.layers.dense({ units: 4, activation: 'softmax' })] })
    const count = 2000
    const data = { images: new Uint8Array(count * 3072), labels: new Uint8Array(count), height: 32, width: 32, channels: 3, classCount: 4 }
    const trainer = await createTrainer(model, { loss: 'categoricalCrossentropy', optimizer: adam(0.001), seed: 1 })
    let first
    const started = new Promise((resolve) => { first = resolve })
    const fit = (async () => { for await (const _ of trainer.fit(data, { epochs: 99, batchSize: 500, onStep: first })); })()
    const ended = fit.then(() => 'done', (error) => error.code)
    await started
    await trainer.close()
    await trainer.close()
    console.log(await ended)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(stdout.trim()).toBe('E_CLOSED')
  expect(status).toBe(0)
})
