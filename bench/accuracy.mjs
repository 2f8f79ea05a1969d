// Test accuracy of the notebook's network, trained by our engine and by PyTorch on the same images, several seeds each.
// npm run bench -- accuracy [--seeds 5] [--epochs 3] [--batch 10] [--rate 0.001] [--filters 20] [--width 128]
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { datasets } from '@pawprint/agent'
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
const [seeds, epochs, batchSize, rate, filters, width] = Object.values(values).map(Number)
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'
// Two-sided 95 % quantiles of Student's t with n − 1 degrees of freedom.
const STUDENT_T = { 2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262 }

/** Above the table, the expansion in 1 / n of Abramowitz and Stegun 26.7.5, right to 0.001 from n = 11 on. */
function studentT(count) {
  const [z, n] = [1.959964, count - 1]
  return STUDENT_T[count] ?? z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2)
}

function summary(numbers) {
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (numbers.length - 1)
  return { mean, half: studentT(numbers.length) * Math.sqrt(variance / numbers.length) }
}
const percent = (x) => `${(100 * x).toFixed(1)} %`
const shown = ({ mean, half }) => `${percent(mean)} ± ${percent(half)}`

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
const [a, b] = ['ours', 'peer'].map((who) => summary(results[who].map(({ accuracy }) => accuracy)))
const difference = summary(results.ours.map(({ accuracy }, i) => accuracy - results.peer[i].accuracy))
console.log(`\n| | test accuracy, mean and 95 % interval over ${seeds} seeds |\n|---|---|`)
console.log(`| Pawprint | ${shown(a)} |\n| PyTorch | ${shown(b)} |\n| difference | ${shown(difference)} |`)
mkdirSync(join(import.meta.dirname, 'results'), { recursive: true })
writeFileSync(
  join(import.meta.dirname, 'results/accuracy.json'),
  JSON.stringify({ options: values, source: data.source, ...results }, null, 2),
)
