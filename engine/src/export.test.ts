import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { afterEach, expect, test } from 'vitest'
import { exportOnnx, exportTfjs } from './export.ts'
import { readModel } from './model/read.ts'
import { currentWeights, topologyOf } from './model/source.ts'
import { toTensors } from './model/weights.ts'
import { depthwiseModel, embeddingModel, oddModel, residualModel, siameseModel, someSamples } from './testing/models.ts'
import { relativeError } from './testing/numbers.ts'
import type { SavedModel } from './types.ts'

const closing: (() => unknown)[] = []
afterEach(() => Promise.all(closing.splice(0).map((close) => close())))

const NORMALISATION = { scale: 1 / 255, mean: [0.4, 0.5], std: [0.2, 0.3] }

/** A model as a trainer leaves it, and the same in TensorFlow.js. */
function saved(model: tf.LayersModel): SavedModel {
  const spec = readModel(topologyOf(model))
  const weights = toTensors(spec, currentWeights(spec, model))
  const channels = spec.inputShape[2]
  const [scale, mean, std] = [1 / 255, NORMALISATION.mean, NORMALISATION.std]
  const widen = (values: number[]): number[] => Array.from({ length: channels }, (_, i) => values[i % 2] ?? 0)
  return { topology: spec.topology, weights, normalisation: { scale, mean: widen(mean), std: widen(std) } }
}

function expectedOf(model: tf.LayersModel, images: Uint8Array, { normalisation }: SavedModel): Float32Array {
  const shape = model.inputs[0]?.shape.slice(1).map(Number) ?? []
  const count = images.length / shape.reduce((a, b) => a * b, model.inputs.length)
  return tf.tidy(() => {
    const x = tf
      .tensor(Float32Array.from(images), [count, model.inputs.length, ...shape])
      .mul(normalisation?.scale ?? 1)
      .sub(tf.tensor1d([...(normalisation?.mean ?? [])]))
      .div(tf.tensor1d([...(normalisation?.std ?? [])]))
    const parts = tf.unstack(x, 1)
    const output = model.predict(parts.length === 1 && parts[0] ? parts[0] : parts)
    if (!(output instanceof tf.Tensor)) throw new Error('one output')
    return Float32Array.from(output.dataSync())
  })
}

const MODELS: [string, () => tf.LayersModel][] = [
  ['a model of many layers', oddModel],
  ['a residual model', () => residualModel()],
  ['a depthwise model', depthwiseModel],
  ['siamese towers', siameseModel],
  ['embeddings', embeddingModel],
]

test.each(MODELS)('%s as an ONNX file gives what TensorFlow.js gives', async (_, build) => {
  const model = build()
  const own = saved(model)
  const { images } = someSamples(model, 5, 3, 2)
  const session = await ort.InferenceSession.create(exportOnnx(own, { batchSize: 5 }))
  closing.push(() => session.release())
  expect([session.inputNames, session.outputNames]).toEqual([['images'], ['output']])
  const shape = model.inputs[0]?.shape.slice(1).map(Number) ?? []
  const dims = model.inputs.length === 1 ? [5, ...shape] : [5, model.inputs.length, ...shape]
  const { output } = await session.run({ images: new ort.Tensor('uint8', images, dims) })
  expect(output?.dims).toEqual([5, model.outputs[0]?.shape[1]])
  expect(relativeError(Float32Array.from(output?.data as Float32Array), expectedOf(model, images, own))).toBeLessThan(
    1e-5,
  )
})

test.each(MODELS)('%s as files for TensorFlow.js is loaded over HTTP and gives the same', async (_, build) => {
  const model = build()
  const own = saved(model)
  const files = new Map(exportTfjs(own).map(({ name, bytes }) => [`/${name}`, bytes]))
  const server = createServer(({ url = '' }, response) => void response.end(files.get(url)))
  closing.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const loaded = await tf.loadLayersModel(`http://127.0.0.1:${port}/model.json`)
  const { images } = someSamples(model, 5, 3, 2)
  expect([...expectedOf(loaded, images, own)]).toEqual([...expectedOf(model, images, own)])
})

test('weights are cut into files of 4 MiB', () => {
  const model = tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [32, 32, 2] }), tf.layers.dense({ units: 600, activation: 'softmax' })],
  })
  const files = exportTfjs(saved(model))
  expect(files.map(({ name }) => name)).toEqual(['model.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin'])
  const total = files.slice(1).reduce((sum, { bytes }) => sum + bytes.length, 0)
  expect(total).toBe(4 * model.countParams())
  expect(files[1]?.bytes.length).toBe(4 * 2 ** 20)
})

test('refuses weights that are not the model’s, and a batch of none', () => {
  const own = saved(oddModel())
  expect(() => exportOnnx({ ...own, weights: own.weights.slice(1) })).toThrow(
    /weights conv2d_1\/kernel: expected shape/,
  )
  expect(() => exportOnnx(own, { batchSize: 0 })).toThrow(/batchSize: expected an integer from 1/)
})
