import { parseFromAgent } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { TIMES } from '../times.ts'
import { createDelivery, type UploadAgain } from './delivery.ts'
import type { Outcome } from './letters.ts'

const ATTEMPT = { job: 'j', trial: 0, attempt: 1, lease: 'l' }
const sha1 = 'a9993e364706816aba3e25717850c26c9cd0d89d'
const NO_WEIGHTS = { code: 'E_NO_WEIGHTS', message: `model.sha1: expected uploaded weights, got ${sha1} is not here` }
const DONE: Outcome = {
  type: 'done',
  seconds: 1,
  model: {
    sha1,
    metrics: {},
    parameterCount: 1,
    testSet: { fingerprint: '0'.repeat(64), count: 1 },
    engine: 'e',
    preprocessing: {
      width: 1,
      height: 1,
      channels: 'rgb',
      fit: 'fill',
      kernel: 'lanczos3',
      scale: 1,
      mean: [0],
      std: [1],
    },
    classNames: ['a', 'b'],
    topology: {},
    evaluation: null,
  },
} as Outcome

function setUp(uploadAgain: UploadAgain) {
  const sent: ReturnType<typeof parseFromAgent>[] = []
  const told: string[] = []
  let id = 0
  const delivery = createDelivery({
    nextId: () => `m${++id}`,
    now: () => '2026-01-02T03:04:05.678Z',
    random: () => 0.5,
    times: TIMES,
    send: (text) => sent.push(parseFromAgent(text)) > 0,
    tell: (text) => told.push(text),
  })
  delivery.end(ATTEMPT, DONE, uploadAgain)
  delivery.restart()
  return { delivery, sent, told, types: () => sent.map(({ type }) => type) }
}
const settle = () => new Promise((resolve) => setImmediate(resolve))

test('weights that the store has lost are uploaded once more, and then the result is said again', async () => {
  let uploads = 0
  const { delivery, types } = setUp(async () => {
    uploads++
  })
  expect(delivery.onRefused('m1', NO_WEIGHTS)).toBe(true)
  expect(delivery.onRefused('m1', NO_WEIGHTS)).toBe(true)
  await settle()
  expect(uploads).toBe(1)
  expect(types()).toEqual(['done', 'done'])
  delivery.onAck('m1')
  expect(delivery.attempts()).toEqual([])
})

test('weights that are lost a second time fail the trial, so that it is not under way for ever', async () => {
  const { delivery, sent, told } = setUp(async () => undefined)
  delivery.onRefused('m1', NO_WEIGHTS)
  await settle()
  delivery.onRefused('m1', NO_WEIGHTS)
  expect(sent.at(-1)).toMatchObject({ type: 'failed', permanent: true, reason: expect.stringContaining(sha1) })
  expect(told).toEqual([`the store refused a result: ${NO_WEIGHTS.message}`])
  delivery.onAck('m2')
  await delivery.settled()
})

test('an upload that is refused for good fails the trial and says why', async () => {
  const { delivery, sent } = setUp(() => Promise.reject(new Error('413 too large')))
  delivery.onRefused('m1', NO_WEIGHTS)
  await settle()
  expect(sent.at(-1)).toMatchObject({ type: 'failed', reason: expect.stringContaining('413 too large') })
})

test('closing ends an upload that waits', async () => {
  const { delivery, types } = setUp(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  delivery.onRefused('m1', NO_WEIGHTS)
  delivery.close()
  await settle()
  expect(types()).toEqual(['done'])
})
