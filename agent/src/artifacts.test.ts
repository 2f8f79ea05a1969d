import { createHash } from 'node:crypto'
import type { Model } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import type { RunningStore } from '../../store-server/src/index.ts'
import { startTestStore } from '../../store-server/src/testing/testStore.ts'
import { brightImages, brightNotebook, openTestAgent, upsampledModel } from './testing/agents.ts'
import { call, launchUntil, logOf } from './testing/api.ts'

const PIXELS = 4 * 4 * 3

async function trained(build?: Parameters<typeof brightNotebook>[1]) {
  const store = await startTestStore()
  const { agent } = openTestAgent(store)
  await agent.register(brightNotebook(undefined, build))
  agent.serve()
  const job = await launchUntil(store, { EPOCHS: 2, LEARNING_RATE: 0.1, SEED: 5 }, 'done')
  const model = await call<Model>(store, 'GET', `/api/models/${job.trials[0]?.sha1}`)
  const warnings = (await logOf(store, job.id)).filter(({ level }) => level === 'warn').map(({ text }) => text)
  return { store, model, warnings }
}

const headersOf = ({ token }: RunningStore) => ({ authorization: `Bearer ${token}` })

/** How many of the test pictures are told rightly by these probabilities, two to a picture. */
function accuracyOf(probabilities: ArrayLike<number>): number {
  const { labels } = brightImages(40)
  const right = [...labels].filter((label, i) => {
    const [dark = 0, bright = 0] = [probabilities[2 * i], probabilities[2 * i + 1]]
    return (bright > dark ? 1 : 0) === label
  })
  return right.length / labels.length
}

test('a trained model comes with an ONNX file and TensorFlow.js files, and both say what it says', async () => {
  const { store, model, warnings } = await trained()
  expect(warnings).toEqual([])
  const names = model.artifacts?.map(({ name }) => name)
  expect(names).toEqual(['model.onnx', 'tfjs/model.json', 'tfjs/group1-shard1of1.bin', 'thumbnails.webp'])
  const filesUrl = `${store.url}/api/models/${model.sha1}/artifacts`
  for (const { name, sha1, sizeBytes } of model.artifacts ?? []) {
    const bytes = Buffer.from(await (await fetch(`${filesUrl}/${name}`, { headers: headersOf(store) })).arrayBuffer())
    expect([name, bytes.length, createHash('sha1').update(bytes).digest('hex')]).toEqual([name, sizeBytes, sha1])
  }

  const { images } = brightImages(40)
  const onnx = await (await fetch(`${filesUrl}/model.onnx`, { headers: headersOf(store) })).arrayBuffer()
  const session = await ort.InferenceSession.create(new Uint8Array(onnx))
  const own: number[] = []
  for (let i = 0; i < 40; i++) {
    const one = new ort.Tensor('uint8', images.slice(i * PIXELS, (i + 1) * PIXELS), [1, 4, 4, 3])
    own.push(...Float32Array.from((await session.run({ images: one })).output?.data as Float32Array))
  }
  await session.release()
  expect(accuracyOf(own)).toBe(model.metrics.testAccuracy)

  const loaded = await tf.loadLayersModel(`${filesUrl}/tfjs/model.json`, { requestInit: { headers: headersOf(store) } })
  const answers = loaded.predict(tf.tensor(Float32Array.from(images), [40, 4, 4, 3]).div(255))
  if (!(answers instanceof tf.Tensor)) throw new Error('one output')
  const theirs = await answers.data()
  expect(accuracyOf(theirs)).toBe(model.metrics.testAccuracy)
  for (const [i, value] of own.entries()) expect(theirs[i]).toBeCloseTo(value, 5)
})

test('a model that the engine cannot run has no ONNX file, and the log says why', async () => {
  const { model, warnings } = await trained(upsampledModel)
  expect(model.artifacts?.map(({ name }) => name)).toEqual([
    'tfjs/model.json',
    'tfjs/group1-shard1of1.bin',
    'thumbnails.webp',
  ])
  expect(warnings.filter((text) => /^trial 1: no ONNX file: .*UpSampling2D/.test(text))).toHaveLength(1)
})
