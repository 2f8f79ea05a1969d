import { sgd } from '@pawprint/engine'
import { parse, Sha1 } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { AgentError } from '../errors.ts'
import { brightImages, brightModel } from '../testing/agents.ts'
import { ASSIGNMENT, attempt } from '../testing/attempts.ts'
import type { TrialFitOptions } from '../types.ts'
import { readCheckpoint, writeCheckpoint } from './checkpointFile.ts'
import type { ExecuteSettings, Prepared } from './execute.ts'

test.each<[string, Partial<TrialFitOptions>]>([
  ['a schedule', { schedule: { type: 'cosine' } }],
  ['augmentations', { augment: [{ type: 'tone', probability: 1 }] }],
  ['class weights', { classWeights: [1, 3] }],
])('%s of a train function reach the engine', async (_, options) => {
  const trainWith =
    (more: Partial<TrialFitOptions>): Prepared['train'] =>
    async (trial) => {
      const run = await trial.compile(brightModel(), { loss: 'categoricalCrossentropy', optimizer: sgd(0.1) })
      for await (const _ of run.fit(brightImages(100), { epochs: 2, batchSize: 10, ...more }));
      return run.evaluate(brightImages(40))
    }
  const plain = await attempt({ train: trainWith({}) })
  const other = await attempt({ train: trainWith(options) })
  expect(plain.ended?.outcome.type).toBe('done')
  expect(other.ended?.outcome.type).toBe('done')
  expect(other.weights).not.toEqual(plain.weights)
})

test('files that the store refuses cost nothing but these files: the trial is done, and the log says why', async () => {
  const refused = new AgentError('E_STORE', 'POST /api/uploads', 'room', '413 too large')
  const { ended, lines } = await attempt({
    upload: async ({ kind }) => {
      if (kind === 'artifact') throw refused
    },
  })
  expect(ended?.outcome).toMatchObject({ type: 'done', model: { artifacts: [] } })
  expect(lines).toContain('trial 1: no ONNX file: POST /api/uploads: expected room, got 413 too large')
  expect(lines.filter((line) => line.startsWith('trial 1: no TensorFlow.js file: '))).toHaveLength(1)
})

const goingOn = (bytes: Uint8Array): Partial<ExecuteSettings> => ({
  assignment: { ...ASSIGNMENT, checkpoint: { sha1: parse(Sha1, 'a'.repeat(40)), step: 10 } },
  download: async () => bytes,
})

async function stoppedAfterOneEpoch() {
  const controller = new AbortController()
  const { ended, checkpoint } = await attempt({ signal: controller.signal }, () =>
    controller.abort(new Error('enough')),
  )
  expect(ended?.outcome).toEqual({ type: 'cancelled', reason: 'enough' })
  return checkpoint
}

test('a stopped attempt brings its last checkpoint to the store, and the next one ends as an undisturbed one does', async () => {
  const { weights } = await attempt({})
  const next = await attempt(goingOn(await stoppedAfterOneEpoch()))
  expect(next.lines).toContain('trial 1: goes on from step 10')
  expect(next.weights).toEqual(weights)
})

test.each<[string, (bytes: Uint8Array) => Uint8Array, RegExp]>([
  ['are no checkpoint', () => Uint8Array.of(1, 2, 3), /^trial 1: begins anew: checkpoint: expected a checkpoint/],
  [
    'hold another number of weights',
    (bytes) => {
      const saved = readCheckpoint(bytes)
      const checkpoint = { ...saved.checkpoint, weights: saved.checkpoint.weights.slice(1) }
      return writeCheckpoint({ ...saved, checkpoint })
    },
    /^trial 1: begins anew, since the checkpoint does not fit: from: expected/,
  ],
])('bytes that %s cost what was trained, and no more', async (_, change, line) => {
  const { weights } = await attempt({})
  const next = await attempt(goingOn(change(await stoppedAfterOneEpoch())))
  expect(next.lines.some((text) => line.test(text))).toBe(true)
  expect(next.weights).toEqual(weights)
})
