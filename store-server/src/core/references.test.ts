import { createHash } from 'node:crypto'
import { parse, Sha1 } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import type { JobRecord, ModelRecord, TaskRecord } from './records.ts'
import { referencedWeights } from './references.ts'
import { createJob } from './trials.ts'

const name = (of: string): Sha1 => parse(Sha1, createHash('sha1').update(of).digest('hex'))
const checkpoint = (of: string) => ({ sha1: name(of), step: 1, progress: 0.5, furthest: 1 })
const job = (states: JobRecord['job']['trials'][number]['state'][]): JobRecord => {
  const made = createJob({
    id: 'j',
    number: 3,
    notebook: 'n',
    task: 'pets',
    seed: 1,
    config: {},
    createdAt: '2026-01-02T03:04:05.000Z',
    requestId: null,
    rank: 1,
    grid: states.map(() => ({})),
  })
  const trials = made.job.trials.map((trial, i) => ({ ...trial, state: states[i] ?? trial.state }))
  return { ...made, job: { ...made.job, trials } }
}
const none = { jobs: [], models: [], tasks: [] }

test('an empty store needs nothing', () => {
  expect(referencedWeights(none).size).toBe(0)
})
test.each(['waiting', 'running', 'failed', 'cancelled'] as const)(
  'the checkpoint of a %s trial is needed, for it may go on from there',
  (state) => {
    const jobs = [{ ...job([state, 'waiting']), checkpoints: [checkpoint('kept'), null] }]
    expect([...referencedWeights({ ...none, jobs })]).toEqual([[name('kept'), 'the next attempt of trial 0 of job 3']])
  },
)
test('the weights of every trial, model and deployment are needed, however old', () => {
  const done = job(['done'])
  const jobs = [
    { ...done, job: { ...done.job, trials: done.job.trials.map((trial) => ({ ...trial, sha1: name('t') })) } },
  ]
  const model = (of: string) => ({ model: { sha1: name(of), task: 'pets' }, number: 1, served: false })
  const models = Array.from({ length: 30 }, (_, i) => model(`m${i}`) as ModelRecord)
  const deployments = Array.from({ length: 30 }, (_, i) => ({ revision: i + 1, sha1: name(`d${i}`) }))
  const tasks = [{ task: { name: 'pets' }, deployments: deployments as unknown as TaskRecord['deployments'] }]
  const needed = referencedWeights({ jobs, models, tasks })
  expect(needed.size).toBe(61)
  expect(needed.get(name('t'))).toBe('trial 0 of job 3')
  expect(needed.get(name('m0'))).toBe('a model of pets')
  expect(needed.get(name('d0'))).toBe('deployment 1 of pets')
})
test('so is every file that was made of a model', () => {
  const artifacts = ['model.onnx', 'tfjs/model.json'].map((of) => ({ name: of, sha1: name(of), sizeBytes: 1 }))
  const models = [
    { model: { sha1: name('m'), task: 'pets', artifacts }, number: 1, served: false } as unknown as ModelRecord,
  ]
  expect([...referencedWeights({ ...none, models })]).toEqual([
    [name('model.onnx'), 'model.onnx of a model of pets'],
    [name('tfjs/model.json'), 'tfjs/model.json of a model of pets'],
    [name('m'), 'a model of pets'],
  ])
})
