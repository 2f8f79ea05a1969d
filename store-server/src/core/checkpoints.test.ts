import { MAX_ATTEMPTS, type Params } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { sha1Of, weightsOf } from '../testing/fakeAgent.ts'
import { checkpointTrial } from './checkpoints.ts'
import type { JobRecord } from './records.ts'
import {
  cancelTrial,
  createJob,
  failTrial,
  finishTrial,
  loseTrials,
  retryUnfinished,
  startTrial,
  stopJob,
} from './trials.ts'

const now = '2026-01-02T00:00:00.000Z'
const grid: Params[] = [{ EPOCHS: 1 }, { EPOCHS: 2 }]
const named = { id: 'a', number: 1, notebook: 'pets', task: 'pets', seed: 7, config: {}, createdAt: now }
const newJob = (): JobRecord => createJob({ ...named, requestId: null, rank: 1, grid })
const at = (step: number) => ({ sha1: sha1Of(weightsOf(step)), step, progress: step / 100 })

test('the next attempt begins where the checkpoint is, and each trial has its own', () => {
  let record = checkpointTrial(startTrial(newJob(), 0, 'L1', now), 0, at(40))
  record = loseTrials(record, 'gone', now)
  expect(record.job.trials.map(({ state, progress }) => [state, progress])).toEqual([
    ['waiting', 0.4],
    ['waiting', 0],
  ])
  record = startTrial(record, 0, 'L2', now)
  expect(record.job.trials[0]).toMatchObject({ state: 'running', attempt: 2, progress: 0.4 })
  expect(record.checkpoints).toEqual([{ ...at(40), furthest: 40 }, null])
})

test('a newer checkpoint takes the place of the one before, and a finished trial needs none', () => {
  let record = startTrial(newJob(), 0, 'L1', now)
  for (const step of [10, 20]) record = checkpointTrial(record, 0, at(step))
  expect(record.checkpoints[0]).toMatchObject(at(20))
  record = finishTrial(record, 0, at(20).sha1, {}, now)
  expect(record.checkpoints).toEqual([null, null])
})

test('interruptions without end do not fail a trial that gets further each time', () => {
  let record = newJob()
  for (let attempt = 1; attempt <= 3 * MAX_ATTEMPTS; attempt++) {
    record = checkpointTrial(startTrial(record, 0, `L${attempt}`, now), 0, at(attempt))
    record = loseTrials(record, 'gone', now)
    expect(record.job.trials[0]).toMatchObject({ state: 'waiting', attempt })
  }
})

test('three attempts that get no further than one before end a trial', () => {
  let record = checkpointTrial(startTrial(newJob(), 0, 'L1', now), 0, at(50))
  record = failTrial(record, 0, 'killed', false, now)
  for (const lease of ['L2', 'L3']) {
    expect(record.job.trials[0]?.state).toBe('waiting')
    // Begun anew, it leaves checkpoints, but of steps that were reached before.
    record = checkpointTrial(startTrial(record, 0, lease, now), 0, at(50))
    record = failTrial(record, 0, 'killed', false, now)
  }
  expect(record.job.trials[0]).toMatchObject({ state: 'failed', attempt: 3 })
})

test('a stopping trial still leaves its last checkpoint, and a retry goes on from there', () => {
  let record = startTrial(newJob(), 0, 'L1', now)
  record = checkpointTrial(stopJob(record, 'stopped', now), 0, at(30))
  record = cancelTrial(record, 0, 'stopped', now)
  expect(record.job.state).toBe('cancelled')
  record = retryUnfinished(record, now)
  expect(record.job).toMatchObject({ state: 'queued', endedAt: null })
  expect(record.job.trials.map(({ state, progress }) => [state, progress])).toEqual([
    ['waiting', 0.3],
    ['waiting', 0],
  ])
})
