// Test accuracy of the notebook's network, trained by our engine and by PyTorch on the same images, several seeds each.
// npm run bench -- accuracy [--seeds 5] [--epochs 3] [--batch 10] [--rate 0.001] [--filters 20] [--width 128]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { datasets, metrics } from '@pawprint/agent'
import { adam, createTrainer } from '@pawprint/engine'
import * as tf from '@tensorflow/tfjs'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5' },
    epochs: { type: 'string', default: '3' },
    batch: { type: 'string', default: '10' },
    rate: { type: 'string', default: '0.001' },
    filters: { type: 'string', default: '20' },
    width: { type: 'string', default: '128' },
  },
})
// By name: parseArgs puts what is given before what is not.
const {
  seeds,
  epochs,
  batch: batchSize,
  rate,
  filters,
  width,
} = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]))
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'

const percent = (x) => `${(100 * x).toFixed(1)} %`
const shown = ({ value, high }) => `${percent(value)} ± ${percent(high - value)}`

// Named, because TensorFlow.js would draw from a truncated normal of 0.77 of this variance, which PyTorch has no name for.
const kernelInitializer = 'glorotUniform'
const block = () => [
  tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu', kernelInitializer }),
  tf.layers.maxPooling2d({ poolSize: 2 }),
]
function network(data) {
  const [first, ...rest] = [...block(), ...block()]
  const { height, width: side } = data.train
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [height, side, 3] }),
      first,
      ...rest,
      tf.layers.flatten(),
      tf.layers.dense({ units: width, activation: 'relu', kernelInitializer }),
      tf.layers.dense({ units: data.task.classNames.length, activation: 'softmax', kernelInitializer }),
    ],
  })
}

async function ours(data, seed) {
  const trainer = await createTrainer(network(data), { loss: 'categoricalCrossentropy', optimizer: adam(rate), seed })
  const start = performance.now()
  for await (const _ of trainer.fit(data.train, { epochs, batchSize })) {
    // Each epoch is measured as a whole.
  }
  const seconds = (performance.now() - start) / 1000
  const { accuracy } = await trainer.evaluate(data.test)
  await trainer.close()
  return { accuracy, seconds }
}

const data = await datasets.cifar10({ imageSize: 32 })
const folder = mkdtempSync(join(tmpdir(), 'pawprint-accuracy-'))
for (const name of ['train', 'test']) {
  writeFileSync(join(folder, `${name}.images`), data[name].images)
  writeFileSync(join(folder, `${name}.labels`), Uint8Array.from(data[name].labels))
}
const { height, width: side } = data.train
writeFileSync(join(folder, 'shape.json'), JSON.stringify({ height, width: side, classes: data.task.classNames.length }))

console.log(`${data.source}: ${data.train.labels.length} training and ${data.test.labels.length} test images`)
const results = { ours: [], peer: [] }
for (let seed = 1; seed <= seeds; seed++) {
  results.ours.push(await ours(data, seed))
  const args = [join(import.meta.dirname, 'accuracy/peer.py'), folder, seed, epochs, batchSize, rate, filters, width]
  results.peer.push(
    JSON.parse(execFileSync(PYTHON, args.map(String), { env: { ...process.env, OPENBLAS_NUM_THREADS: '1' } })),
  )
  const [a, b] = [results.ours.at(-1), results.peer.at(-1)]
  console.log(
    `seed ${seed}: Pawprint ${percent(a.accuracy)} in ${a.seconds.toFixed(1)} s, PyTorch ${percent(b.accuracy)} in ${b.seconds.toFixed(1)} s`,
  )
}
rmSync(folder, { recursive: true })
const [a, b] = ['ours', 'peer'].map((who) => metrics.meanOverSeeds(results[who].map(({ accuracy }) => accuracy)))
const difference = metrics.meanOverSeeds(results.ours.map(({ accuracy }, i) => accuracy - results.peer[i].accuracy))
console.log(`\n| | test accuracy, mean and 95 % interval over ${seeds} seeds |\n|---|---|`)
console.log(`| Pawprint | ${shown(a)} |\n| PyTorch | ${shown(b)} |\n| difference | ${shown(difference)} |`)
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
writeFileSync(
  join(import.meta.dirname, 'results/accuracy.json'),
  JSON.stringify({ options: values, source: data.source, ...results }, null, 2),
)
