/**
 * Transfer learning as notebooks/transfer.ipynb does it, by Pawprint and by PyTorch, on the same decoded images, split, network, recipe and
 * distributions of initial weights, without augmentation: a small ResNet learns CIFAR-10, and pets are learned from scratch, with that encoder
 * frozen, or with it frozen for half of the epochs and then all at a tenth of the rate. Each seed trains an encoder of its own. As many trainings
 * run at once as there are cores, one thread each, Pawprint's and PyTorch's by turns; seconds are of such a run. PyTorch keeps its memory and has
 * images channel by channel last, as it is fastest. Before that both do the same few steps from the same weights, to see that they are the same
 * network, optimiser and averages. Usage:
 *   PAWPRINT_DATASETS=DIR npm run bench -- peers [--seeds 5] [--few N] [--python python3]
 * `--few N` takes N images of each class and two epochs: a quick look at whether it runs.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { datasets, metrics, subset } from '@pawprint/agent'
import { findPython, KEEP_MEMORY, start } from './train/process.mjs'

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, few: { type: 'string' }, python: { type: 'string' } },
})
const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => at + 1)
const python = findPython(values.python)
const HERE = import.meta.dirname
const folder = mkdtempSync(join(tmpdir(), 'bench-peers-'))
const SIDES = {
  ours: (...what) => start(process.execPath, [join(HERE, 'peers/ours.mjs'), folder, ...what]),
  peer: (...what) => start(python, [join(HERE, 'peers/peer.py'), folder, ...what], KEEP_MEMORY),
}
/** Of a probability: float32 sums in another order, through some steps of Adam. */
const MAX_DIFFERENCE = 0.01
const WAYS = {
  scratch: 'from scratch',
  frozen: 'frozen encoder',
  all: 'frozen, then all',
  encoder: 'the encoder itself',
}

/** The recipe, with fewer images and epochs where that was asked for. */
function readRecipe() {
  const { many, few, ...rest } = JSON.parse(readFileSync(join(HERE, 'peers/recipe.json'), 'utf8'))
  const less = values.few === undefined ? {} : { perClass: Number(values.few), epochs: 2 }
  return { ...rest, many: { ...many, ...less }, few: { ...few, ...less } }
}

/** Writes images, labels and recipe for both sides to read. */
async function writeData() {
  const recipe = readRecipe()
  const { imageSize } = recipe
  const whole = { many: await datasets.cifar10({ imageSize }), few: await datasets.oxfordPets({ imageSize }) }
  const data = {}
  for (const [name, set] of Object.entries(whole)) {
    const { perClass } = recipe[name]
    data[name] = subset(set, { perClass: { train: perClass, validation: perClass, test: perClass } })
    recipe[name].classCount = data[name].task.classNames.length
    for (const part of ['train', 'test']) {
      writeFileSync(join(folder, `${name}-${part}.images`), data[name][part].images)
      writeFileSync(join(folder, `${name}-${part}.labels`), data[name][part].labels)
    }
  }
  writeFileSync(join(folder, 'recipe.json'), JSON.stringify(recipe))
  return { recipe, ...data }
}

async function answerOf(side, ...what) {
  const process = SIDES[side](...what.map(String))
  const answer = await process.next()
  process.stop()
  return answer
}

/** Throws unless a few steps lead to the same probabilities on both sides. */
async function checkSame() {
  await answerOf('peer', 1, 'check')
  const check = await answerOf('ours', 1, 'check')
  const { steps, images, largest } = check
  const text = `after ${steps} steps from the same weights, probabilities of ${images} test images differ by at most ${largest.toExponential(1)}`
  if (!(largest <= MAX_DIFFERENCE)) throw new Error(`not the same network: ${text}`)
  console.log(`Checked: ${text}`)
  return check
}

async function trainAll() {
  const trainings = seeds.flatMap((seed) => Object.keys(SIDES).map((side) => ({ side, seed })))
  const results = { ours: [], peer: [] }
  let next = 0
  const lane = async () => {
    while (next < trainings.length) {
      const { side, seed } = trainings[next++]
      const answer = await answerOf(side, seed)
      results[side][seed - 1] = answer
      const parts = Object.entries(answer).map(([way, { accuracy }]) => `${way} ${percent(accuracy)}`)
      console.log(`seed ${seed}, ${side === 'ours' ? 'Pawprint' : 'PyTorch'}: ${parts.join(', ')}`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, lane))
  return results
}

const percent = (x) => `${(100 * x).toFixed(1)} %`
const points = (x) => `${x < 0 ? '−' : '+'}${Math.abs(100 * x).toFixed(1)}`.replace('−0.0', '+0.0')
/** A mean and its interval, which one seed does not have. */
const shown = ({ value, low, high }, show) =>
  `${show(value)}${Number.isNaN(low) ? '' : ` (${show(low)} to ${show(high)})`}`
const withinScale = (x) => percent(Math.min(1, Math.max(0, x)))
const seconds = (all, way) => metrics.meanOverSeeds(all.map((one) => one[way].seconds)).value.toFixed(1)

function rowOf(way, { ours, peer }) {
  const accuracies = [ours, peer].map((all) => all.map((one) => one[way].accuracy))
  const [a, b] = accuracies.map((all) => shown(metrics.meanOverSeeds(all), withinScale))
  const differences = accuracies[0].map((one, at) => one - accuracies[1][at])
  const difference = shown(metrics.meanOverSeeds(differences), points)
  return `| ${WAYS[way]} | ${a} | ${b} | ${difference} | ${seconds(ours, way)} | ${seconds(peer, way)} |`
}

function show({ many, few }, results, majority) {
  const sizes = ({ train, test, task }) =>
    `${task.name} (${train.labels.length} training and ${test.labels.length} test images, ${task.classNames.length} classes)`
  console.log(`\n${sizes(few)}; encoder: ${sizes(many)}. Mean and 95 % interval over ${seeds.length} seeds`)
  console.log('| | Pawprint | PyTorch | difference, points | Pawprint, s | PyTorch, s |\n|---|---|---|---|---|---|')
  for (const way of Object.keys(WAYS)) console.log(rowOf(way, results))
  console.log(`| majority class | ${percent(majority)} | ${percent(majority)} | | | |`)
}

try {
  const { recipe, ...data } = await writeData()
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}`)
  const check = await checkSame()
  const startedMs = performance.now()
  const results = await trainAll()
  const majority = metrics.measure(metrics.majorityBaseline(data.few.train, data.few.test).predictions, 'accuracy')
  show(data, results, majority)
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(0)} s in all`)
  mkdirSync(join(HERE, 'results'), { recursive: true })
  const report = { recipe, sources: [data.many.source, data.few.source], seeds, ...results, majority, check }
  writeFileSync(join(HERE, 'results/peers.json'), `${JSON.stringify(report, null, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}
