/**
 * Trains as a notebook does: public API, worker thread, shuffled epochs. Reads one JSON request per line and answers with one. Argument:
 * threads. `{ case, seconds }` answers `{ samplesPerSecond, samplesPerCpuSecond, engine }`: samples of whole epochs over wall-clock and
 * processor time; the other requests are those of grid.mjs and feel.mjs.
 */
import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { adam, createTrainer, exportOnnx, exportTfjs, warmUp } from '@pawprint/engine'
import { MODELS } from './models.mjs'

const CASES = JSON.parse(readFileSync(new URL('./cases.json', import.meta.url), 'utf8'))
const SAMPLES = 2560
const CLASSES = 10
/** Of each kind, for the shares, or more, for so long. */
const EPOCHS = 8
const SHARES_MS = 15_000
const WARM_UP_MS = 3000
// Small, so that weights stay near their start and no number becomes denormal in a long run.
const LEARNING_RATE = 1e-5
const threads = Number(process.argv[2] ?? 1)

const runs = new Map()
/** What runs the models, as it calls itself. */
let engine = ''

function open({ model, ...options }) {
  const loss = model === 'siamese' ? { type: 'triplet', margin: 0.2 } : 'categoricalCrossentropy'
  const optimizer = adam(LEARNING_RATE)
  return createTrainer(MODELS[model](options, CLASSES), { loss, optimizer, seed: 1, threads })
}

function randomSet({ imageSize }, count = SAMPLES) {
  const images = new Uint8Array(new SharedArrayBuffer(count * imageSize * imageSize * 3))
  for (let i = 0; i < images.length; i++) images[i] = Math.random() * 256
  const labels = Uint8Array.from({ length: count }, () => Math.random() * CLASSES)
  return { images, labels, height: imageSize, width: imageSize, channels: 3, classCount: CLASSES }
}

async function epochsOf(name, place = 0) {
  const key = `${name} ${place}`
  if (!runs.has(key)) {
    const options = CASES[name]
    const trainer = await open(options)
    const epochs = trainer.fit(randomSet(options), { epochs: 1e9, batchSize: options.batchSize })
    await epochs.next()
    engine = trainer.engine
    runs.set(key, epochs)
  }
  return runs.get(key)
}

async function train(epochs, seconds) {
  const startedMs = performance.now()
  let samples = 0
  let elapsed = 0
  while (elapsed < seconds) {
    await epochs.next()
    samples += SAMPLES
    elapsed = (performance.now() - startedMs) / 1000
  }
  return samples / elapsed
}

async function speed({ case: name, seconds }) {
  const epochs = await epochsOf(name)
  const startedCpu = process.cpuUsage()
  const startedMs = performance.now()
  const samplesPerSecond = await train(epochs, seconds)
  const { user, system } = process.cpuUsage(startedCpu)
  const samples = (samplesPerSecond * (performance.now() - startedMs)) / 1000
  return { samplesPerSecond, samplesPerCpuSecond: (samples / (user + system)) * 1e6, engine }
}

/** Mean of the trials' speeds, so many side by side. */
async function beside({ beside: count, case: name, seconds }) {
  const epochs = []
  for (let place = 0; place < count; place++) epochs.push(await epochsOf(name, place))
  const speeds = await Promise.all(epochs.map((each) => train(each, seconds)))
  return { samplesPerSecond: speeds.reduce((a, b) => a + b, 0) / count }
}

/** Whole trials, from the model to its weights, `atOnce` side by side. */
async function grid({ grid: { case: name, trials, samples, atOnce } }) {
  const options = CASES[name]
  const data = randomSet(options)
  const startedMs = performance.now()
  let next = 0
  const lane = async () => {
    while (next++ < trials) {
      const trainer = await open(options)
      const fit = trainer.fit(data, { epochs: samples / SAMPLES, batchSize: options.batchSize })
      for await (const _ of fit);
      await trainer.weights()
      await trainer.close()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { seconds: (performance.now() - startedMs) / 1000 }
}

/** How late the main thread's timers are while a trial runs. */
async function gaps({ case: name, seconds }) {
  const epochs = await epochsOf(name)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  await train(epochs, seconds)
  delay.disable()
  return { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 }
}

/** From the call that makes the trainer to the first step's report; `isWarm`: as in an agent, which has a worker wait for its first trial. */
async function start({ case: name, isWarm }) {
  if (isWarm) {
    warmUp()
    await wait(WARM_UP_MS)
  }
  const options = CASES[name]
  const data = randomSet(options, 10 * options.batchSize)
  const startedMs = performance.now()
  const trainer = await open(options)
  const first = new Promise((resolve) => {
    const onStep = () => resolve(performance.now() - startedMs)
    const epoch = trainer.fit(data, { epochs: 1, batchSize: options.batchSize, onStep }).next()
    // Closed in mid-epoch.
    epoch.catch(() => undefined)
  })
  const ms = await first
  await trainer.close()
  return { ms }
}

/** Of an epoch with validation on a tenth of the samples: the share of taking and changing images, and of the validation. Epochs in turns. */
async function shares({ case: name }) {
  const options = CASES[name]
  const data = randomSet(options)
  const kinds = {
    plain: {},
    validation: { validation: randomSet(options, SAMPLES / 10) },
    augmentation: { augment: [{ type: 'flip' }, { type: 'crop' }] },
  }
  const runs = []
  for (const [kind, more] of Object.entries(kinds)) {
    const trainer = await open(options)
    const epochs = trainer.fit(data, { epochs: 1e9, batchSize: options.batchSize, ...more })
    // The first epoch warms up.
    await epochs.next()
    runs.push({ kind, trainer, epochs, times: [] })
  }
  const startedMs = performance.now()
  for (let epoch = 0; epoch < EPOCHS || performance.now() - startedMs < SHARES_MS; epoch++)
    for (const { epochs, times } of runs) {
      const epochMs = performance.now()
      await epochs.next()
      times.push(performance.now() - epochMs)
    }
  for (const { trainer } of runs) await trainer.close()
  const [plain, ...others] = runs
  // Beside the plain epoch of the same turn, as the machine is now faster, now slower.
  return Object.fromEntries(
    others.map(({ kind, times }) => [kind, medianOf(times.map((ms, i) => ms / plain.times[i])) - 1]),
  )
}

/** How long the caller's thread stands still while a trained model is written as files. */
async function exporting({ case: name }) {
  const trainer = await open(CASES[name])
  const { topology } = trainer
  const saved = { topology, weights: await trainer.weights() }
  const times = []
  for (let i = 0; i < EPOCHS; i++)
    times.push(
      [exportOnnx, exportTfjs].map((write) => {
        const startedMs = performance.now()
        write(saved)
        return performance.now() - startedMs
      }),
    )
  await trainer.close()
  const megabytes = exportOnnx(saved).length / 1e6
  return { megabytes, onnxMs: medianOf(times.map(([onnx]) => onnx)), tfjsMs: medianOf(times.map(([, tfjs]) => tfjs)) }
}

/** Images per second of an epoch of a few, the second one: of an engine for which `SAMPLES` would be too many. */
async function few({ few: count, case: name }) {
  const trainer = await open(CASES[name])
  const epochs = trainer.fit(randomSet(CASES[name], count), { epochs: 2, batchSize: CASES[name].batchSize })
  await epochs.next()
  const startedMs = performance.now()
  await epochs.next()
  const seconds = (performance.now() - startedMs) / 1000
  await trainer.close()
  return { samplesPerSecond: count / seconds, engine: trainer.engine }
}

const medianOf = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

const answerOf = (request) => {
  for (const [key, answer] of Object.entries({ grid, beside, gaps, start, shares, exporting, few }))
    if (request[key]) return answer(request)
  return speed(request)
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answerOf(JSON.parse(line))))
}
process.exit(0)
