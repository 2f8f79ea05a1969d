import { parseFromAgent } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { TIMES } from '../times.ts'
import { createDelivery, type UploadAgain } from './delivery.ts'
import type { Outcome } from './letters.ts'
import type { Reevaluate } from './reevaluations.ts'

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

const never: Reevaluate = () => new Promise(() => undefined)

function setUp(uploadAgain: UploadAgain, reevaluate = never) {
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
  delivery.end(ATTEMPT, DONE, { uploadAgain, reevaluate })
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

const asking = (sha1: string) => ({ code: 'E_REEVALUATE', message: 'measure another model first', expected: sha1 })
const reportsIn = (message: unknown) => (message as { reevaluations?: { sha1: string }[] }).reevaluations

test('models that the store wants measured are measured once each, and the result is said again with all of them', async () => {
  const [first, second] = ['1'.repeat(40), '2'.repeat(40)]
  const asked: string[] = []
  const { delivery, sent, types } = setUp(
    async () => undefined,
    async (sha1) => {
      asked.push(sha1)
      return { sha1, metrics: { testAccuracy: 0.5 } } as unknown as Awaited<ReturnType<Reevaluate>>
    },
  )
  expect(delivery.onRefused('m1', asking(first))).toBe(true)
  // A line that was cut has the result said, and refused, once more.
  delivery.restart()
  expect(delivery.onRefused('m1', asking(first))).toBe(true)
  await settle()
  expect(reportsIn(sent.at(-1))).toEqual([{ sha1: first, metrics: { testAccuracy: 0.5 } }])
  delivery.onRefused('m1', asking(second))
  await settle()
  expect(asked).toEqual([first, second])
  expect(reportsIn(sent.at(-1))?.map(({ sha1 }) => sha1)).toEqual([first, second])
  expect(types()).toEqual(['done', 'done', 'done', 'done'])
  delivery.onAck('m1')
  expect(delivery.attempts()).toEqual([])
})

test('a store that asks again and again for what it was told fails the trial, so that it is not under way for ever', async () => {
  const report = { sha1, metrics: {} } as unknown as Awaited<ReturnType<Reevaluate>>
  const { delivery, sent } = setUp(
    async () => undefined,
    async () => report,
  )
  delivery.onRefused('m1', asking(sha1))
  await settle()
  // The first of these may have crossed the result that has the report.
  for (let i = 0; i < 10; i++) delivery.onRefused('m1', asking(sha1))
  expect(sent.at(-1)).toMatchObject({ type: 'done' })
  delivery.onRefused('m1', asking(sha1))
  expect(sent.at(-1)).toMatchObject({ type: 'failed', reason: expect.stringContaining('measure another model first') })
})

test('closing ends a measurement, and nothing is said of it', async () => {
  const { delivery, types } = setUp(
    async () => undefined,
    (_, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  delivery.onRefused('m1', asking(sha1))
  delivery.close()
  await settle()
  expect(types()).toEqual(['done'])
})
