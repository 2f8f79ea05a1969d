import { createHash } from 'node:crypto'
import { ModelReport, Preprocessing, parse } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { drawnPets } from '../datasets/drawnPets.ts'
import { brightImages, TASK } from '../testing/agents.ts'
import { fingerprintOf } from './fingerprint.ts'
import { type Finished, metricsOf, modelReport, preprocessingOf, weightsFile } from './modelReport.ts'

const FINISHED: Finished = {
  trainer: { topology: { a: 1 }, parameterCount: 2, engine: 'test' },
  weights: [{ name: 'w', shape: [2], data: Float32Array.of(1, -2) }],
  evaluation: { loss: 0.5, accuracy: 0.75, probabilities: new Float32Array(8).fill(0.5) },
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

test('the report fits the wire; a confusion too large for a message is left out', () => {
  const sha1 = 'a'.repeat(40)
  expect(parse(ModelReport, modelReport(FINISHED, TASK, sha1))).toMatchObject({
    evaluation: { confusion: expect.any(Array) },
  })
  const many = { ...FINISHED, testSet: { ...FINISHED.testSet, classCount: 1000 } }
  expect(modelReport(many, TASK, sha1).evaluation).toBeNull()
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
  const record = {
    width: 8,
    height: 8,
    channels: 'rgb',
    fit: 'fill',
    kernel: 'lanczos3',
    scale: 1 / 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  }
  expect(preprocessingOf(whole.test)).toEqual(record)
  expect(preprocessingOf(cropped.test)).toEqual({ ...record, input: 'cropped' })
  expect(parse(Preprocessing, { ...record, input: 'cropped' })).toEqual({ ...record, input: 'cropped' })
  expect(() => parse(Preprocessing, { ...record, input: 'squeezed' })).toThrow('input')
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
