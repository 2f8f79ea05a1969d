// From the last byte of an upload to the first answer of a real demo with the new model: real weights, real predictions.

import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { adam, createTrainer } from '@pawprint/engine'
import { writeSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { WebSocket } from 'ws'
import { call, startStore } from './process.mjs'
import { percentile } from './statistics.mjs'

const DEMO = fileURLToPath(new URL('../../demo-app/dist/server/main.js', import.meta.url))
const ROUNDS = 30
const POLL_MS = 5
const SIDE = 32
const CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck']
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const METRIC = { name: 'testAccuracy', direction: 'max', min: 0, max: 1 }
const TASK = { name: 'cifar10', classNames: CLASSES, metric: METRIC }
const LIST = { key: 'EPOCHS', type: 'integer', list: true, min: 1, max: 1000, default: [1], about: '' }

/** A network with about 250,000 weights: 1 MB. */
async function makeModel() {
  const layers = [
    tf.layers.conv2d({ inputShape: [SIDE, SIDE, 3], filters: 20, kernelSize: 3, padding: 'same', activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: 48, activation: 'relu' }),
    tf.layers.dense({ units: CLASSES.length, activation: 'softmax' }),
  ]
  const options = { loss: 'categoricalCrossentropy', optimizer: adam(0.001), seed: 1, initialWeights: 'model' }
  const trainer = await createTrainer(tf.sequential({ layers }), options)
  const tensors = await trainer.weights()
  const { topology } = trainer
  await trainer.close()
  return { tensors, topology }
}

async function startDemo(store, folder) {
  const url = store.url.replace(/^http/, 'ws')
  const child = fork(DEMO, ['--folder', folder, '--port', '0', '--store', url], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env: { ...process.env, PAWPRINT_TOKEN: store.token },
  })
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /^Demo: (http\S+)/.exec(line)?.[1]
    if (!found) continue
    child.stdout.resume()
    const end = () => {
      child.kill('SIGTERM')
      return ended
    }
    return { url: new URL('/', found).href, end }
  }
  throw new Error('the demo did not start')
}

/** A kernel that says what it is told, and gives the runs that it is sent. */
async function openKernel(store) {
  const socket = new WebSocket(`${store.url.replace(/^http/, 'ws')}/ws`, {
    headers: { authorization: `Bearer ${store.token}` },
  })
  const runs = []
  const waiting = []
  let registered = () => {}
  socket.on('message', (data) => {
    const message = JSON.parse(data)
    if (message.type === 'registered') registered()
    if (message.type === 'refused') throw new Error(JSON.stringify(message))
    if (message.type !== 'run') return
    const resolve = waiting.shift()
    if (resolve) resolve(message)
    else runs.push(message)
  })
  await once(socket, 'open')
  const send = (message) => socket.send(JSON.stringify(message))
  send({ type: 'hello', version: 1, role: 'agent', instance: 'bench' })
  const seated = new Promise((resolve) => {
    registered = resolve
  })
  const about = {
    name: 'cifar10',
    task: TASK,
    schema: [LIST],
    engine: 'bench',
    cores: 1,
    slots: 1,
    host: 'bench',
    pid: 1,
  }
  send({ type: 'register', id: 'r', ...about, attempts: [] })
  await seated
  const next = () => (runs.length > 0 ? Promise.resolve(runs.shift()) : new Promise((resolve) => waiting.push(resolve)))
  return { send, next, end: () => socket.terminate() }
}

function reportOf(sha1, topology, testAccuracy, parameterCount) {
  const preprocessing = {
    width: SIDE,
    height: SIDE,
    channels: 'rgb',
    fit: 'fill',
    kernel: 'linear',
    scale: 1 / 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  }
  const testSet = { fingerprint: 'a'.repeat(64), count: 10 }
  return {
    sha1,
    metrics: { testAccuracy },
    parameterCount,
    testSet,
    engine: 'bench',
    preprocessing,
    classNames: CLASSES,
    topology,
    evaluation: null,
  }
}

async function answers(demo, sha1) {
  for (;;) {
    const response = await fetch(`${demo.url}api/predict?task=cifar10`, { method: 'POST', body: PNG })
    const { sha1: served, error } = await response.json()
    if (served === sha1) return
    // Before the first deployment there is nothing to ask.
    if (error && response.status !== 404 && response.status !== 503) throw new Error(JSON.stringify(error))
    await wait(POLL_MS)
  }
}

async function publish(store, demo, kernel, { tensors, topology }, round) {
  const { job, trial, attempt, lease } = await kernel.next()
  const bytes = writeSafetensors(
    tensors.map(({ data, ...rest }) => ({ ...rest, data: data.map((value) => value * (1 + round / 1e4)) })),
  )
  const [sha1, sha256] = ['sha1', 'sha256'].map((name) => createHash(name).update(bytes).digest('hex'))
  const session = await call(store, 'POST', '/api/uploads', { sha1, sha256, sizeBytes: bytes.length, kind: 'weights' })
  const startedMs = performance.now()
  await call(store, 'PATCH', `/api/uploads/${session.id}`, bytes, { 'upload-offset': '0' })
  await call(store, 'POST', `/api/uploads/${session.id}/commit`)
  const model = reportOf(sha1, topology, 0.5 + round / 1000, bytes.length / 4)
  kernel.send({ type: 'done', id: `d${round}`, job, trial, attempt, lease, model, seconds: 1 })
  await answers(demo, sha1)
  return { ms: performance.now() - startedMs, sizeBytes: bytes.length }
}

export async function measureDeploy(folder) {
  const data = join(folder, 'data')
  const store = await startStore(data)
  const demo = await startDemo(store, data)
  const kernel = await openKernel(store)
  const model = await makeModel()
  const config = { EPOCHS: Array.from({ length: ROUNDS }, (_, i) => i + 1) }
  await call(store, 'POST', '/api/jobs', { notebook: 'cifar10', config })
  const runs = []
  for (let round = 0; round < ROUNDS; round++) runs.push(await publish(store, demo, kernel, model, round))
  kernel.end()
  await demo.end()
  await store.end()
  // The first one finds the demo cold.
  const ms = runs.slice(1).map((run) => run.ms)
  return { sizeBytes: runs[0].sizeBytes, uploadToAnswerMs: { p50: percentile(ms, 0.5), p99: percentile(ms, 0.99) } }
}
