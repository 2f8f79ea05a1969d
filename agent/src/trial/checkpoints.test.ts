import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Upload } from '../wire/upload.ts'
import { readCheckpoint, type SavedTrial } from './checkpointFile.ts'
import { createCheckpoints } from './checkpoints.ts'

const at = (step: number, validationLoss = 1): SavedTrial => ({
  run: 0,
  compiled: '',
  fits: [],
  key: '',
  checkpoint: {
    step,
    epochsDone: 1,
    epochs: [{ epoch: 1, epochs: 9, step, loss: 1, accuracy: 0.5, seconds: 1, samplesPerSecond: 1, validationLoss }],
    partial: { samples: 0, loss: 0, correct: 0, seconds: 0 },
    best: null,
    weights: Float32Array.of(step),
    slots: [],
  },
})

/** A store whose uploads end when the test says so. */
function setUp(nowMs = () => 0) {
  const begun: { file: Upload; signal: AbortSignal; end: (error?: Error) => void }[] = []
  const told: number[] = []
  const failures: unknown[] = []
  let onBegin = (): void => undefined
  const checkpoints = createCheckpoints({
    upload: (file, signal) =>
      new Promise((resolve, reject) => {
        begun.push({ file, signal, end: (error) => (error === undefined ? resolve() : reject(error)) })
        onBegin()
      }),
    tell: ({ step }) => told.push(step),
    onFailed: (error) => failures.push(error),
    nowMs,
  })
  const hasBegun = async (count: number) => {
    while (begun.length < count)
      await new Promise<void>((resolve) => {
        onBegin = resolve
      })
  }
  return { checkpoints, begun, told, failures, hasBegun }
}
const stepOf = ({ file }: { file: Upload }): number => readCheckpoint(file.bytes).checkpoint.step

test('one at a time, and of those that wait only the newest', async () => {
  const { checkpoints, begun, told, hasBegun } = setUp()
  for (const step of [1, 2, 3]) checkpoints.save(at(step), step / 10)
  await hasBegun(1)
  for (const step of [4, 5]) checkpoints.save(at(step), step / 10)
  begun[0]?.end()
  await hasBegun(2)
  begun[1]?.end()
  await checkpoints.finish(60_000)
  expect(begun.map(stepOf)).toEqual([1, 5])
  expect(told).toEqual([1, 5])
  const { bytes, sha1, sha256, kind } = begun[0]?.file ?? {}
  expect([sha1, sha256, kind]).toEqual([
    createHash('sha1')
      .update(bytes ?? '')
      .digest('hex'),
    createHash('sha256')
      .update(bytes ?? '')
      .digest('hex'),
    'checkpoint',
  ])
})

test('after a slow upload the next one waits, unless the trial ends', async () => {
  let nowMs = 0
  const { checkpoints, begun, told, hasBegun } = setUp(() => nowMs)
  checkpoints.save(at(1), 0.1)
  await hasBegun(1)
  nowMs = 3_600_000
  begun[0]?.end()
  checkpoints.save(at(2), 0.2)
  const finished = checkpoints.finish(60_000)
  await hasBegun(2)
  begun[1]?.end()
  await finished
  expect(told).toEqual([1, 2])
})

test('once none are needed the one under way ends and no other begins', async () => {
  const { checkpoints, begun, told, hasBegun } = setUp()
  checkpoints.save(at(1), 0.1)
  await hasBegun(1)
  checkpoints.save(at(2), 0.2)
  const drained = checkpoints.drain()
  begun[0]?.end()
  await drained
  expect([begun.length, told]).toEqual([1, [1]])
})

test('closing breaks the upload off, tells nothing and takes nothing more', async () => {
  const { checkpoints, begun, told, failures, hasBegun } = setUp()
  checkpoints.save(at(1), 0.1)
  await hasBegun(1)
  checkpoints.close()
  expect(begun[0]?.signal.aborted).toBe(true)
  begun[0]?.end()
  checkpoints.save(at(2), 0.2)
  await checkpoints.finish(60_000)
  expect([begun.length, told, failures]).toEqual([1, [], []])
})

test('a refusal is told, and later checkpoints are tried again', async () => {
  const { checkpoints, begun, told, failures, hasBegun } = setUp()
  checkpoints.save(at(1), 0.1)
  await hasBegun(1)
  begun[0]?.end(new Error('the disk is full'))
  await checkpoints.finish(60_000)
  expect(failures).toEqual([new Error('the disk is full')])
  checkpoints.save(at(2), 0.2)
  await hasBegun(2)
  begun[1]?.end()
  await checkpoints.finish(60_000)
  expect(told).toEqual([2])
})

test('a checkpoint with a loss that is no number is left out', async () => {
  const { checkpoints, begun } = setUp()
  checkpoints.save(at(1, Number.NaN), 0.1)
  await checkpoints.finish(60_000)
  expect(begun).toEqual([])
})
