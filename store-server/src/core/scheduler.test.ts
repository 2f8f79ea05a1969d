import type { Params } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { sha1Of, weightsOf } from '../testing/fakeAgent.ts'
import type { JobRecord } from './records.ts'
import { activeJob, assignments, moveInQueue, positionsOf, queueOf, seedOf } from './scheduler.ts'
import { standingOf } from './standing.ts'
import {
  cancelTrial,
  createJob,
  failTrial,
  finishTrial,
  loseTrials,
  progressTrial,
  retryUnfinished,
  startTrial,
  stopJob,
} from './trials.ts'

const now = '2026-01-02T00:00:00.000Z'
const later = '2026-01-02T00:01:00.000Z'
const sha1 = sha1Of(weightsOf(1))

function job(id: string, trials: number, rank = 1, notebook = 'pets'): JobRecord {
  const grid: Params[] = Array.from({ length: trials }, (_, i) => ({ EPOCHS: i + 1 }))
  const named = { id, number: rank, notebook, task: 'pets', seed: 7, config: {}, createdAt: now }
  return createJob({ ...named, requestId: null, rank, grid })
}
const states = (record: JobRecord) => record.job.trials.map(({ state }) => state)
const ref = (trial: number, attempt: number, lease: string) => ({ job: 'a', trial, attempt, lease })

test('a queued job waits; its first trial makes it run; its last one ends it', () => {
  let record = job('a', 2)
  expect([record.job.state, states(record)]).toEqual(['queued', ['waiting', 'waiting']])
  record = startTrial(record, 0, 'L1', now)
  expect([record.job.state, record.job.startedAt, record.job.trials[0]?.attempt]).toEqual(['running', now, 1])
  record = finishTrial(record, 0, sha1, { testAccuracy: 0.4 }, now)
  expect([record.job.state, record.job.endedAt]).toEqual(['running', null])
  record = finishTrial(startTrial(record, 1, 'L2', now), 1, sha1, {}, later)
  expect([record.job.state, record.job.endedAt, states(record)]).toEqual(['done', later, ['done', 'done']])
  expect(() => startTrial(record, 1, 'L3', later)).toThrow('nothing after done')
})

test('progress never goes back', () => {
  let record = startTrial(job('a', 1), 0, 'L1', now)
  record = progressTrial(progressTrial(record, 0, 0.5, { loss: 2 }), 0, 0.3, { accuracy: 0.1 })
  expect(record.job.trials[0]).toMatchObject({ progress: 0.5, metrics: { loss: 2, accuracy: 0.1 } })
})

test('metrics of a trial do not pile up: 64 names at most, the first ones, with their latest values', () => {
  let record = startTrial(job('a', 1), 0, 'L1', now)
  for (let i = 0; i < 100; i++) record = progressTrial(record, 0, 0.1, { loss: i, [`m${i}`]: i })
  const metrics = record.job.trials[0]?.metrics ?? {}
  expect([Object.keys(metrics).length, metrics.loss, metrics.m62, metrics.m63]).toEqual([64, 99, 62, undefined])
})

test('an error that may pass is tried three times, then the trial has failed', () => {
  let record = job('a', 1)
  for (const attempt of [1, 2]) {
    record = failTrial(startTrial(record, 0, `L${attempt}`, now), 0, 'network', false, now)
    expect([record.job.trials[0]?.state, record.job.trials[0]?.attempt]).toEqual(['waiting', attempt])
  }
  record = failTrial(startTrial(record, 0, 'L3', now), 0, 'network', false, now)
  expect(record.job).toMatchObject({ state: 'failed', trials: [{ state: 'failed', attempt: 3, reason: 'network' }] })
})

test('an error that will repeat is not tried again', () => {
  const record = failTrial(startTrial(job('a', 1), 0, 'L1', now), 0, 'out of memory', true, now)
  expect(record.job).toMatchObject({ state: 'failed', endedAt: now, trials: [{ state: 'failed', attempt: 1 }] })
})

test('after a retry failed trials have three attempts more, and finished ones stay finished', () => {
  let record = startTrial(startTrial(job('a', 2), 0, 'L1', now), 1, 'L2', now)
  record = finishTrial(failTrial(record, 0, 'bad', true, now), 1, sha1, {}, now)
  record = retryUnfinished(record, later)
  expect([record.job.state, record.job.endedAt, states(record)]).toEqual(['running', null, ['waiting', 'done']])
  for (const lease of ['L3', 'L4']) record = failTrial(startTrial(record, 0, lease, later), 0, 'network', false, later)
  expect(record.job.trials[0]).toMatchObject({ state: 'waiting', attempt: 3 })
  record = failTrial(startTrial(record, 0, 'L5', later), 0, 'network', false, later)
  expect(record.job.trials[0]).toMatchObject({ state: 'failed', attempt: 4 })
})

test('a stop cancels what waits at once and what runs when its kernel says so', () => {
  let record = stopJob(startTrial(job('a', 3), 0, 'L1', now), 'stopped', later)
  expect([record.job.state, states(record)]).toEqual(['stopping', ['running', 'cancelled', 'cancelled']])
  record = cancelTrial(record, 0, 'stopped', later)
  expect([record.job.state, record.job.endedAt, record.stopping]).toEqual(['cancelled', later, false])
  expect(stopJob(record, 'again', later)).toBe(record)
})

test('a result that crosses the stop counts', () => {
  const record = finishTrial(stopJob(startTrial(job('a', 1), 0, 'L1', now), 'stopped', now), 0, sha1, {}, now)
  expect(record.job.state).toBe('done')
})

test('lost attempts wait again, are cancelled in a stopping job, and fail the third time', () => {
  let record = startTrial(job('a', 2), 0, 'L1', now)
  expect(states(loseTrials(record, 'gone', now))).toEqual(['waiting', 'waiting'])
  expect(states(loseTrials(stopJob(record, 'stopped', now), 'gone', now))).toEqual(['cancelled', 'cancelled'])
  for (const lease of ['L2', 'L3']) record = startTrial(loseTrials(record, 'gone', now), 0, lease, now)
  expect(states(loseTrials(record, 'gone', now))).toEqual(['failed', 'waiting'])
})

test('an attempt belongs to whoever has its lease, until a successor begins', () => {
  let record = startTrial(job('a', 2), 0, 'L1', now)
  expect(standingOf(record, ref(0, 1, 'L1'))).toBe('owner')
  for (const stranger of [ref(0, 1, 'L2'), ref(0, 2, 'L1'), ref(0, 0, 'L1'), ref(1, 1, 'L1'), ref(9, 1, 'L1')])
    expect(standingOf(record, stranger)).toBe('unknown')
  record = loseTrials(record, 'gone', now)
  expect(standingOf(record, ref(0, 1, 'L1'))).toBe('late')
  record = startTrial(record, 0, 'L2', now)
  expect([standingOf(record, ref(0, 1, 'L1')), standingOf(record, ref(0, 2, 'L2'))]).toEqual(['late', 'owner'])
  record = finishTrial(record, 0, sha1, {}, now)
  expect([standingOf(record, ref(0, 1, 'L1')), standingOf(record, ref(0, 2, 'L2'))]).toEqual(['late', 'ended'])
  expect(standingOf(undefined, ref(0, 1, 'L1'))).toBe('unknown')
})

test('trials run side by side up to the slots, of one job at a time', () => {
  const first = job('a', 3, 1)
  const queue = queueOf([job('b', 2, 2), first, job('other', 1, 0, 'elsewhere')], 'pets')
  expect(queue.map(({ job: { id } }) => id)).toEqual(['a', 'b'])
  expect(assignments(queue, 2)).toEqual([
    { job: 'a', trial: 0 },
    { job: 'a', trial: 1 },
  ])
  const running = startTrial(startTrial(first, 0, 'L1', now), 1, 'L2', now)
  expect(assignments([running, job('b', 2, 2)], 2)).toEqual([])
  const last = startTrial(finishTrial(finishTrial(running, 0, sha1, {}, now), 1, sha1, {}, now), 2, 'L3', now)
  expect(assignments([last, job('b', 2, 2)], 2)).toEqual([])
  expect(assignments([stopJob(running, 'stopped', now), job('b', 2, 2)], 4)).toEqual([])
  expect(assignments([], 4)).toEqual([])
})

test('a started job goes on before one that was moved to the front', () => {
  const started = startTrial(job('a', 2, 5), 0, 'L1', now)
  const queue = queueOf([started, job('b', 1, 1), job('c', 1, 2)], 'pets')
  expect(activeJob(queue)?.job.id).toBe('a')
  expect([...positionsOf(queue)]).toEqual([
    ['b', 1],
    ['c', 2],
  ])
})

test.each([
  [1, 'cab'],
  [2, 'acb'],
  [3, 'abc'],
  [99, 'abc'],
])('moving the last of three jobs to place %i gives %s', (position, order) => {
  const jobs = new Map(['a', 'b', 'c'].map((id, i) => [id, job(id, 1, i + 1)]))
  for (const changed of moveInQueue(queueOf(jobs.values(), 'pets'), 'c', position)) jobs.set(changed.job.id, changed)
  expect(
    queueOf(jobs.values(), 'pets')
      .map(({ job: { id } }) => id)
      .join(''),
  ).toBe(order)
})

test('the seed is the one in the config, 0 included, or a drawn one', () => {
  expect(seedOf({ SEED: 0 }, 0.5)).toBe(0)
  expect(seedOf({ SEED: null }, 0.5)).toBe(2 ** 31)
  expect(seedOf({}, 1 - 2 ** -47)).toBe(2 ** 32 - 1)
})
