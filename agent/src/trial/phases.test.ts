import { type CompileOptions, createTrainer, sgd } from '@pawprint/engine'
import { type AttemptRecord, parse, Sha1, writeSafetensors } from '@pawprint/protocol'
import * as tf from '@tensorflow/tfjs'
import { expect, onTestFinished, test } from 'vitest'
import { freeze, unfreeze } from '../models/index.ts'
import { brightImages } from '../testing/agents.ts'
import { ASSIGNMENT, attempt } from '../testing/attempts.ts'
import type { Trial } from '../types.ts'

const network = (): tf.Sequential =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [4, 4, 3], name: 'body' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2, activation: 'softmax', name: 'head' }),
    ],
  })
const OPTIONS = { loss: 'categoricalCrossentropy', optimizer: sgd(0.1, { momentum: 0.9 }) } as const
const FIT = { epochs: 2, batchSize: 10 }

/** The head first, then everything from there. */
const inPhases =
  (between: (epochs: number) => void = () => {}) =>
  async (trial: Trial) => {
    const model = freeze(network(), 'norm')
    const head = await trial.compile(model, OPTIONS)
    let epochs = 0
    for await (const _ of head.fit(brightImages(40), FIT)) between(++epochs)
    const initialWeights = await head.weights()
    const whole = await trial.compile(unfreeze(model), { ...OPTIONS, initialWeights })
    for await (const _ of whole.fit(brightImages(60), FIT)) between(++epochs)
    return whole.evaluate(brightImages(40))
  }

/** The same by the engine alone. */
async function trained(model: tf.LayersModel, options: Partial<CompileOptions>, images: number) {
  const trainer = await createTrainer(model, { ...OPTIONS, seed: ASSIGNMENT.seed, ...options })
  onTestFinished(() => trainer.close())
  const begun = await trainer.weights()
  for await (const { loss } of trainer.fit(brightImages(images), FIT)) expect(loss).toBeGreaterThan(0)
  return { begun, ended: await trainer.weights() }
}

const records: AttemptRecord[] = []
const undisturbed = attempt({ train: inPhases(), addRecord: (record) => void records.push(record) })

test('the second phase begins with the first one’s weights, which left frozen layers alone; epochs are counted through', async () => {
  const { weights } = await undisturbed
  const model = freeze(network(), 'norm')
  const first = await trained(model, {}, 40)
  const last = await trained(unfreeze(model), { initialWeights: first.ended }, 60)
  expect(weights).toEqual(writeSafetensors(last.ended))
  // Kernel and bias, then four of the normalisation.
  expect(first.ended.slice(0, 6)).toEqual(first.begun.slice(0, 6))
  expect(first.ended.slice(6)).not.toEqual(first.begun.slice(6))
  const points = records.filter((record) => record.kind === 'metric' && record.name === 'loss')
  const places = points.map((record) => (record.kind === 'metric' ? [record.epoch, record.step] : []))
  expect(places[0]?.[0]).toBe(1)
  expect(places.at(-1)).toEqual([4, 8 + 12])
  expect(places.map(([, step]) => step)).toEqual(places.map(([, step]) => step).toSorted((a = 0, b = 0) => a - b))
})

test('a trial that is stopped in its second phase ends in the same weights when it goes on', async () => {
  const stop = new AbortController()
  const stopped = await attempt({
    signal: stop.signal,
    train: inPhases((epochs) => {
      if (epochs === 3) stop.abort(new Error('enough'))
    }),
  })
  expect(stopped.ended?.outcome.type).toBe('cancelled')
  const next = await attempt({
    train: inPhases(),
    assignment: { ...ASSIGNMENT, checkpoint: { sha1: parse(Sha1, 'a'.repeat(40)), step: 1 } },
    download: async () => stopped.checkpoint,
  })
  expect(next.lines).toContain('trial 1: goes on from step 6')
  expect(next.weights).toEqual((await undisturbed).weights)
})
