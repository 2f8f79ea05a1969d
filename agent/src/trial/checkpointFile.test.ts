import type { Checkpoint } from '@pawprint/engine'
import { expect, test } from 'vitest'
import { AgentError } from '../errors.ts'
import { readCheckpoint, type SavedTrial, writeCheckpoint } from './checkpointFile.ts'

const epoch = { epoch: 1, epochs: 3, step: 10, loss: 0.1 + 0.2, accuracy: 1 / 3, seconds: 0.5, samplesPerSecond: 200 }
const checkpoint: Checkpoint = {
  step: 13,
  epochsDone: 1,
  epochs: [epoch],
  partial: { samples: 30, loss: Math.PI, correct: 7, seconds: 0.1 },
  best: { epoch: 1, loss: 0.7, weights: Float32Array.of(9, 8, 7) },
  weights: Float32Array.of(1.5, -0, 3e-45),
  slots: [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)],
}
const saved: SavedTrial = { run: 1, compiled: 'c', fits: [{ key: 'a', epochs: [epoch] }], key: 'b', checkpoint }

test.each<[string, SavedTrial]>([
  ['all there can be', saved],
  ['no best epoch', { ...saved, checkpoint: { ...checkpoint, best: null } }],
  ['no state of an optimiser', { ...saved, checkpoint: { ...checkpoint, best: null, slots: [] } }],
])('what was written is read again, to the bit: %s', (_, value) => {
  const bytes = writeCheckpoint(value)
  expect(readCheckpoint(bytes)).toEqual(value)
  // Wherever the bytes lie in memory.
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  expect(readCheckpoint(shifted.subarray(1))).toEqual(value)
  expect(Object.is(readCheckpoint(bytes).checkpoint.weights[1], -0)).toBe(true)
})

test('the numbers lie at the end as little-endian float32, weights first', () => {
  const bytes = writeCheckpoint(saved)
  const view = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 12 * 4)
  const numbers = Array.from({ length: 12 }, (_, i) => view.getFloat32(4 * i, true))
  expect(numbers).toEqual([1.5, -0, 3e-45, 1, 2, 3, 4, 5, 6, 9, 8, 7].map(Math.fround))
})

const whole = writeCheckpoint(saved)
const text = (value: string): Uint8Array => new TextEncoder().encode(value)
test.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['another file', text('PK\u0003\u0004 and so on, for a while longer')],
  ['another version', text('pawprint checkpoint 9\n2\n{}')],
  ['no length', text('pawprint checkpoint 1\n')],
  ['a length that is no number', text('pawprint checkpoint 1\nmany\n{}')],
  ['no JSON', text('pawprint checkpoint 1\n3\n{]}')],
  ['other JSON', text('pawprint checkpoint 1\n2\n{}')],
  ['a number too few', whole.subarray(0, whole.length - 4)],
  ['a byte too many', Uint8Array.of(...whole, 0)],
])('refuses %s', (_, bytes) => {
  expect(() => readCheckpoint(bytes)).toThrow(AgentError)
})
