import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createJobs } from './jobs.ts'
import { createModels } from './models.ts'
import type { JobRecord, ModelRecord } from './records.ts'
import { queueOf } from './scheduler.ts'
import { createJob, startTrial, stopJob } from './trials.ts'

const now = '2026-01-02T00:00:00.000Z'
const notebooks = ['a', 'b', 'c']

function jobFrom(number: number, notebook: string, rank: number): JobRecord {
  const named = { id: `j${number}`, number, notebook, task: 'pets', seed: 7, config: {}, createdAt: now }
  return createJob({ ...named, requestId: number % 2 === 0 ? `r${number}` : null, rank, grid: [{ EPOCHS: 1 }] })
}

const change: Readonly<Record<string, (record: JobRecord) => JobRecord>> = {
  start: (record) => (record.job.state === 'queued' ? startTrial(record, 0, 'lease', now) : record),
  stop: (record) => stopJob(record, 'stopped', now),
  lines: (record) => ({ ...record, job: { ...record.job, logLines: record.job.logLines + 1 } }),
  last: (record) => ({ ...record, rank: record.rank + 1000 }),
  first: (record) => ({ ...record, rank: record.rank - 1000 }),
}
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('new' as const), notebook: fc.constantFrom(...notebooks), number: fc.nat(40) }),
    fc.record({ type: fc.constantFrom(...Object.keys(change), 'delete'), number: fc.nat(40) }),
  ),
  { maxLength: 60 },
)

test('queues, requests and lists are what a look at every job would give, whatever happens', () => {
  fc.assert(
    fc.property(steps, fc.nat(40), (all, before) => {
      const jobs = createJobs()
      const expected = new Map<string, JobRecord>()
      for (const step of all) {
        const id = `j${step.number}`
        const known = expected.get(id)
        const next =
          'notebook' in step && !known
            ? jobFrom(step.number, step.notebook, step.number)
            : known && change[step.type]?.(known)
        if (step.type === 'delete') {
          jobs.delete(id)
          expected.delete(id)
        } else if (next) {
          jobs.set(id, next)
          expected.set(id, next)
        }
      }
      for (const notebook of notebooks) expect(jobs.queue(notebook)).toEqual(queueOf(expected.values(), notebook))
      const newest = [...expected.values()].sort((a, b) => b.job.number - a.job.number)
      expect([...jobs.newest()]).toEqual(newest)
      expect([...jobs.newest(before)]).toEqual(newest.filter(({ job }) => job.number < before))
      expect(jobs.size).toBe(expected.size)
      for (let n = 0; n <= 40; n += 2) expect(jobs.ofRequest(`r${n}`)).toEqual(expected.get(`j${n}`))
    }),
    { numRuns: 300 },
  )
})

const modelFrom = (number: number, sizeBytes: number, ...jobs: string[]) =>
  ({
    number,
    served: false,
    model: { sizeBytes, origins: jobs.map((job) => ({ job, trial: 0, attempt: 1, at: now })) },
  }) as unknown as ModelRecord

test('models know the bytes of all and those of each job, also when they are made again or removed', () => {
  const models = createModels()
  models.set('x', modelFrom(1, 10, 'j1'))
  models.set('y', modelFrom(2, 5, 'j1', 'j2'))
  models.set('x', modelFrom(1, 10, 'j1', 'j3'))
  expect([models.sizeBytes(), models.ofJob('j1').map(({ number }) => number)]).toEqual([15, [1, 2]])
  expect(models.ofJob('j3')).toEqual([models.get('x')])
  models.delete('x')
  expect([models.sizeBytes(), models.ofJob('j1').map(({ number }) => number), models.ofJob('j3')]).toEqual([5, [2], []])
  models.clear()
  expect([models.sizeBytes(), models.ofJob('j2'), [...models.newest()]]).toEqual([0, [], []])
})
