/**
 * Trains as a notebook does: public API, worker thread, shuffled epochs. Reads one JSON request per line, `{ case, seconds }`, and
 * answers `{ samplesPerSecond, samplesPerCpuSecond }`: samples of whole epochs over wall-clock and processor time. Argument: threads.
 */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { adam, createTrainer } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'

const CASES = JSON.parse(readFileSync(new URL('./cases.json', import.meta.url), 'utf8'))
const SAMPLES = 2560
const CLASSES = 10
// Small, so that weights stay near their start and no number becomes denormal in a long run.
const LEARNING_RATE = 1e-5
const threads = Number(process.argv[2] ?? 1)

const runs = new Map()

async function open({ imageSize, filters, denseWidth, batchSize }) {
  const block = (options) => [
    tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', ...options }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
  ]
  const layers = [
    ...block({ inputShape: [imageSize, imageSize, 3] }),
    ...block(),
    tf.layers.flatten(),
    tf.layers.dense({ units: denseWidth, activation: 'relu' }),
    tf.layers.dense({ units: CLASSES, activation: 'softmax' }),
  ]
  const trainer = await createTrainer(tf.sequential({ layers }), {
    loss: 'categoricalCrossentropy',
    optimizer: adam(LEARNING_RATE),
    seed: 1,
    threads,
  })
  const images = new Uint8Array(new SharedArrayBuffer(SAMPLES * imageSize * imageSize * 3))
  for (let i = 0; i < images.length; i++) images[i] = Math.random() * 256
  const labels = Uint8Array.from({ length: SAMPLES }, () => Math.random() * CLASSES)
  const data = { images, labels, height: imageSize, width: imageSize, channels: 3, classCount: CLASSES }
  return trainer.fit(data, { epochs: 1e9, batchSize })
}

async function measure({ case: name, seconds }) {
  if (!runs.has(name)) {
    const epochs = await open(CASES[name])
    await epochs.next()
    runs.set(name, epochs)
  }
  const startedCpu = process.cpuUsage()
  const startedMs = performance.now()
  let samples = 0
  let elapsed = 0
  while (elapsed < seconds) {
    await runs.get(name).next()
    samples += SAMPLES
    elapsed = (performance.now() - startedMs) / 1000
  }
  const { user, system } = process.cpuUsage(startedCpu)
  return { samplesPerSecond: samples / elapsed, samplesPerCpuSecond: (samples / (user + system)) * 1e6 }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await measure(JSON.parse(line))))
}
process.exit(0)
