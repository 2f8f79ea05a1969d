import { createHash } from 'node:crypto'
import type { ImageSet } from '@pawprint/engine'
import { ModelReport, Preprocessing, parse } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { drawnPets } from '../datasets/drawn/drawnPets.ts'
import { recordOf } from '../datasets/testing/testPictures.ts'
import { brightImages, TASK } from '../testing/agents.ts'
import { fingerprintOf } from './fingerprint.ts'
import { latencyOf } from './latency.ts'
import { type Finished, metricsOf, modelReport, preprocessingOf, weightsFile } from './modelReport.ts'

const EVALUATION = { loss: 0.5, accuracy: 0.75, probabilities: new Float32Array(8).fill(0.5) }
const FINISHED: Finished = {
  trainer: { topology: { a: 1 }, parameterCount: 2, engine: 'test', evaluate: async () => EVALUATION },
  weights: [{ name: 'w', shape: [2], data: Float32Array.of(1, -2) }],
  normalisation: undefined,
  evaluation: EVALUATION,
  testSet: brightImages(4),
  lastEpoch: undefined,
  trainSeconds: 4,
  trainedSamples: 200,
}

test('the weights file is the canonical safetensors file, byte for byte', () => {
  const header = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.padEnd(56)
  const bytes = Buffer.alloc(8 + 56 + 8)
  bytes.writeBigUInt64LE(56n)
  bytes.write(header, 8)
  bytes.writeFloatLE(1, 64)
  bytes.writeFloatLE(-2, 68)
  const file = weightsFile(FINISHED.weights)
  expect(Buffer.from(file.bytes)).toEqual(bytes)
  expect(file.sha1).toBe(createHash('sha1').update(bytes).digest('hex'))
  expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
})

test('metrics hold what was measured, and nothing that is not finite', () => {
  expect(metricsOf(FINISHED)).toEqual({ testAccuracy: 0.75, testLoss: 0.5, trainSeconds: 4, samplesPerSecond: 50 })
  const lost = { ...FINISHED, evaluation: { ...FINISHED.evaluation, loss: Number.NaN }, trainSeconds: 0 }
  expect(metricsOf(lost)).toEqual({ testAccuracy: 0.75, trainSeconds: 0 })
})

const SHA1 = 'a'.repeat(40)
/** A clock that goes on by 2 ms whenever it is read. */
const ticking = () => {
  let ms = 0
  return () => {
    ms += 2
    return ms
  }
}

test('the report is one that the wire takes, with what was measured as metrics', async () => {
  const report = await modelReport(FINISHED, TASK, SHA1, ticking())
  expect(parse(ModelReport, report)).toEqual(report)
  expect(report.metrics).toEqual({
    ...metricsOf(FINISHED),
    testMacroF1: expect.closeTo(1 / 3, 12),
    testAuc: 0.5,
    testMap: 0.5,
    testEce: 0,
    latencyMs: 2,
  })
})

test('predictions that are no numbers have a confusion and no more; the model is reported all the same', async () => {
  const evaluation = { ...EVALUATION, loss: Number.NaN, probabilities: new Float32Array(8).fill(Number.NaN) }
  const report = await modelReport({ ...FINISHED, evaluation }, TASK, SHA1, ticking())
  expect(parse(ModelReport, report).evaluation).toEqual({
    confusion: [
      [2, 0],
      [2, 0],
    ],
  })
  expect(Object.keys(report.metrics)).not.toContain('testAuc')
})

test('what would not fit a message is left out', async () => {
  const many = { ...FINISHED, testSet: { ...FINISHED.testSet, classCount: 1000 } }
  expect((await modelReport(many, TASK, SHA1, ticking())).evaluation).toEqual({})
})

test.each([
  ['a quick model is measured 25 times after 3 for warming up', 2, 28],
  ['a slow one, a second each, once', 1000, 4],
])('%s', async (_, stepMs, times) => {
  let [calls, ms] = [0, 0]
  const evaluate = async (data: ImageSet) => {
    calls++
    ms += stepMs
    expect([data.images.length, data.labels.length]).toEqual([48, 1])
    return EVALUATION
  }
  expect(await latencyOf({ evaluate }, brightImages(4), () => ms)).toBe(stepMs)
  expect(calls).toBe(times)
})

test('without an image there is no latency', async () => {
  expect(await latencyOf(FINISHED.trainer, brightImages(0), ticking())).toBeUndefined()
})

test('a data set’s own fingerprint is used; else equal pixels, labels and shape give an equal one', () => {
  expect(fingerprintOf({ ...brightImages(4), fingerprint: 'b'.repeat(64) })).toBe('b'.repeat(64))
  const first = fingerprintOf(brightImages(4))
  expect(fingerprintOf(brightImages(4))).toBe(first)
  const [pixel, label] = [brightImages(4), brightImages(4)]
  pixel.images[3] = 99
  label.labels[0] = 1
  const wide = { ...brightImages(4), width: 16, height: 1 }
  for (const other of [pixel, label, wide, brightImages(5)]) expect(fingerprintOf(other)).not.toBe(first)
})

test.each([
  ['of its own', { ...brightImages(4), fingerprint: 'b'.repeat(64) }],
  ['over its bytes', brightImages(4)],
])('targets and sample weights belong to a fingerprint %s', (_, data) => {
  const values = [1, 1, 0, 2]
  const all = [
    data,
    { ...data, targets: Float32Array.from(values) },
    { ...data, sampleWeights: Float32Array.from(values) },
    { ...data, sampleWeights: Float32Array.from([1, 1, 0, 3]) },
    { ...data, targets: Float32Array.from(values), sampleWeights: Float32Array.from(values) },
  ].map(fingerprintOf)
  expect(new Set(all).size).toBe(5)
  // A view into a larger buffer is what it shows.
  const view = new Float32Array([9, ...values, 9]).subarray(1, 5)
  expect(fingerprintOf({ ...data, targets: view })).toBe(all[1])
})

test('what a model was measured on is in its record: whole pictures, or what somebody framed of them', async () => {
  const [whole, cropped] = [
    await drawnPets({ imageSize: 8, species: 'cat' }),
    await drawnPets({ imageSize: 8, species: 'cat', input: 'cropped' }),
  ]
  expect(preprocessingOf(whole.test)).toEqual(recordOf(8))
  expect(preprocessingOf(cropped.test)).toEqual({ ...recordOf(8), input: 'cropped' })
  expect(parse(Preprocessing, { ...recordOf(8), input: 'cropped' })).toEqual({ ...recordOf(8), input: 'cropped' })
  expect(() => parse(Preprocessing, { ...recordOf(8), input: 'squeezed' })).toThrow('input')
})

test('of images that bring no word of how they were made, none are taken for cropped', () => {
  const images = {
    images: new Uint8Array(3),
    labels: new Uint8Array(1),
    height: 1,
    width: 1,
    channels: 3 as const,
    classCount: 2,
  }
  expect(preprocessingOf(images).input).toBeUndefined()
})
