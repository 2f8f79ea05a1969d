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

/** The same by the engine alone, and what the first phase left. */
async function byHand(): Promise<{
  file: Uint8Array
  first: Awaited<ReturnType<typeof trained>>
  begun: typeof first
}> {
  const options: CompileOptions = { ...OPTIONS, seed: ASSIGNMENT.seed }
  const model = freeze(network(), 'norm')
  const begun = await trained(model, options, 0)
  const first = await trained(model, options, 40)
  const last = await trained(unfreeze(model), { ...options, initialWeights: first }, 60)
  return { file: writeSafetensors(last), first, begun }
}

async function trained(model: tf.LayersModel, options: CompileOptions, images: number) {
  const trainer = await createTrainer(model, options)
  onTestFinished(() => trainer.close())
  if (images > 0) for await (const { loss } of trainer.fit(brightImages(images), FIT)) expect(loss).toBeGreaterThan(0)
  return trainer.weights()
}

test('the second phase begins with the first one’s weights, which left frozen layers alone; epochs are counted through', async () => {
  const records: AttemptRecord[] = []
  const { weights } = await attempt({ train: inPhases(), addRecord: (record) => void records.push(record) })
  const { file, first, begun } = await byHand()
  expect(weights).toEqual(file)
  // Kernel and bias, then four of the normalisation.
  expect(first.slice(0, 6)).toEqual(begun.slice(0, 6))
  expect(first.slice(6)).not.toEqual(begun.slice(6))
  const points = records.filter((record) => record.kind === 'metric' && record.name === 'loss')
  const places = points.map((record) => (record.kind === 'metric' ? [record.epoch, record.step] : []))
  expect(places[0]?.[0]).toBe(1)
  expect(places.at(-1)).toEqual([4, 8 + 12])
  expect(places.map(([, step]) => step)).toEqual(places.map(([, step]) => step).toSorted((a = 0, b = 0) => a - b))
})

test.each([1, 3])('a trial that is stopped after epoch %i ends in the same weights when it goes on', async (epoch) => {
  const stop = new AbortController()
  const stopped = await attempt({
    signal: stop.signal,
    train: inPhases((epochs) => {
      if (epochs === epoch) stop.abort(new Error('enough'))
    }),
  })
  expect(stopped.ended?.outcome.type).toBe('cancelled')
  const next = await attempt({
    train: inPhases(),
    assignment: { ...ASSIGNMENT, checkpoint: { sha1: parse(Sha1, 'a'.repeat(40)), step: 1 } },
    download: async () => stopped.checkpoint,
  })
  expect(next.lines).toContain(`trial 1: goes on from step ${epoch === 1 ? 4 : 6}`)
  expect(next.weights).toEqual((await attempt({ train: inPhases() })).weights)
})

test('a second phase that begins elsewhere does not go on from a checkpoint, and says so', async () => {
  const stop = new AbortController()
  const { checkpoint } = await attempt({
    signal: stop.signal,
    train: inPhases((epochs) => {
      if (epochs === 3) stop.abort(new Error('enough'))
    }),
  })
  const next = await attempt({
    async train(trial) {
      const first = await trial.compile(network(), OPTIONS)
      const second = await trial.compile(network(), { ...OPTIONS, initialWeights: await first.weights() })
      for await (const _ of second.fit(brightImages(60), FIT));
      return second.evaluate(brightImages(40))
    },
    assignment: { ...ASSIGNMENT, checkpoint: { sha1: parse(Sha1, 'a'.repeat(40)), step: 1 } },
    download: async () => checkpoint,
  })
  expect(next.ended?.outcome.type).toBe('done')
  expect(next.lines.some((line) => /begins anew, since the checkpoint does not fit/.test(line))).toBe(true)
})
