// Mean and standard deviation of the data, as an option of a compilation, and in all that is made of the model.
import { type Model, type NetworkAnswer, parse, Sha1 } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { normalisationOf } from './datasets/normalisation.ts'
import { brightImages, brightNotebook, openTestAgent } from './testing/agents.ts'
import { call, launchUntil } from './testing/api.ts'
import { reevaluate } from './trial/reevaluate.ts'
import type { NotebookDefinition } from './types.ts'

const PIXELS = 4 * 4 * 3
const TEST_SET = { ...brightImages(40) }
// Dark pixels have 40 to 99, bright ones 170 to 229, as many of each.
const NORMALISATION = { scale: 1 / 255, mean: [0.53, 0.53, 0.53], std: [0.25, 0.25, 0.25] }

/** A network without biases: of pixels that are not centred it cannot tell dark from bright. */
const notebook: NotebookDefinition = {
  ...brightNotebook(),
  async train(trial) {
    const layers = [
      tf.layers.flatten({ inputShape: [4, 4, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax', useBias: false }),
    ]
    const optimizer = { type: 'sgd', learningRate: 0.01, momentum: 0 } as const
    const run = await trial.compile(tf.sequential({ layers }), {
      loss: 'categoricalCrossentropy',
      optimizer,
      normalisation: NORMALISATION,
    })
    for await (const epoch of run.fit(brightImages(100), { epochs: 3, batchSize: 10 })) trial.report(epoch)
    return run.evaluate(TEST_SET)
  },
}

test('the network sees normalised pixels, and so do its export and whoever measures it anew', async () => {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(notebook)
  agent.serve()
  const job = await launchUntil(store, { SEED: 7 }, 'done')
  const path = `/api/models/${job.trials[0]?.sha1}`
  const model = await call<Model>(store, 'GET', path)
  expect(model.metrics.testAccuracy).toBe(1)
  expect(model.preprocessing).toMatchObject(NORMALISATION)

  const headers = { authorization: `Bearer ${store.token}` }
  const bytesOf = async (of: string) =>
    new Uint8Array(await (await fetch(`${store.url}${path}/${of}`, { headers })).arrayBuffer())
  const session = await ort.InferenceSession.create(await bytesOf('artifacts/model.onnx'))
  for (let i = 0; i < 4; i++) {
    const one = new ort.Tensor('uint8', TEST_SET.images.slice(i * PIXELS, (i + 1) * PIXELS), [1, 4, 4, 3])
    const [dark = 0, bright = 0] = Float32Array.from((await session.run({ images: one })).output?.data as Float32Array)
    expect(Number(bright > dark)).toBe(TEST_SET.labels[i])
  }
  await session.release()

  const network = await call<NetworkAnswer>(store, 'GET', `${path}/network`)
  const accuracyWith = async (preprocessing: NetworkAnswer['preprocessing']) => {
    const { metrics } = await reevaluate(parse(Sha1, model.sha1), {
      testSet: TEST_SET,
      classNames: model.classNames,
      signal: new AbortController().signal,
      downloadNetwork: async () => ({ ...network, preprocessing }),
      downloadWeights: () => bytesOf('weights'),
    })
    return metrics.testAccuracy
  }
  expect(await accuracyWith(network.preprocessing)).toBe(1)
  // All pixels above 0: one answer for all, which is right for half of them.
  expect(await accuracyWith({ ...network.preprocessing, mean: [0, 0, 0], std: [1, 1, 1] })).toBe(0.5)
})

test('the normalisation of data is by their means and deviations; a channel without any is moved only', () => {
  const channels = { mean: [0.5, 0.4, 0.3], std: [0.2, 0, 0.1] }
  expect(normalisationOf({ channels })).toEqual({ scale: 1 / 255, mean: [0.5, 0.4, 0.3], std: [0.2, 1, 0.1] })
  expect(normalisationOf({ channels: null })).toEqual({ scale: 1 / 255, mean: [0, 0, 0], std: [1, 1, 1] })
})
