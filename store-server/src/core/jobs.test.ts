import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha1Of, weightsOf } from '../testing/fakeAgent.ts'
import { createJobs, summaryOfJob } from './jobs.ts'
import { createModels, summaryOfModel } from './models.ts'
import type { JobRecord, ModelRecord } from './records.ts'
import { queueOf } from './scheduler.ts'
import { createJob, startTrial, stopJob } from './trials.ts'

const now = '2026-01-02T00:00:00.000Z'
const notebooks = ['a', 'b', 'c']

function jobFrom(number: number, notebook: string, rank: number): JobRecord {
  const named = { id: `j${number}`, number, notebook, task: 'pets', seed: 7, config: {}, createdAt: now }
  return createJob({ ...named, requestId: number % 2 === 0 ? `r${number}` : null, rank, grid: [{ EPOCHS: 1 }] })
}

const unpack = (packed: Uint8Array) => JSON.parse(Buffer.from(packed).toString())
const pack = (value: unknown) => Buffer.from(JSON.stringify(value))

const change: Readonly<Record<string, (record: JobRecord) => JobRecord>> = {
  start: (record) => (record.job.state === 'queued' ? startTrial(record, 0, 'lease', now) : record),
  stop: (record) => stopJob(record, 'stopped', now),
  lines: (record) => ({ ...record, job: { ...record.job, logLines: record.job.logLines + 1 } }),
  last: (record) => ({ ...record, rank: record.rank + 1000 }),
  checkpoint: (record) => ({
    ...record,
    checkpoints: [{ sha1: sha1Of(weightsOf(record.job.number)), step: 1, progress: 0.5, furthest: 1 }],
  }),
  first: (record) => ({ ...record, rank: record.rank - 1000 }),
}
const steps = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom('new', 'packed'), notebook: fc.constantFrom(...notebooks), number: fc.nat(40) }),
    fc.record({ type: fc.constantFrom(...Object.keys(change), 'delete'), number: fc.nat(40) }),
  ),
  { maxLength: 60 },
)

test('queues, requests and lists are what a look at every job would give, whatever happens', () => {
  fc.assert(
    fc.property(steps, fc.nat(40), (all, before) => {
      const jobs = createJobs(unpack)
      const expected = new Map<string, JobRecord>()
      for (const step of all) {
        const id = `j${step.number}`
        const known = expected.get(id)
        const made = 'notebook' in step && !known ? jobFrom(step.number, step.notebook, step.number) : null
        const next =
          made && step.type === 'packed'
            ? stopJob(made, 'stopped', now)
            : (made ?? (known && change[step.type]?.(known)))
        if (step.type === 'delete') {
          jobs.delete(id)
          expected.delete(id)
        } else if (next) {
          if (step.type === 'packed') jobs.lay(id, summaryOfJob(next), pack(next))
          else jobs.set(id, next)
          expected.set(id, next)
        }
      }
      for (const notebook of notebooks) expect(jobs.queue(notebook)).toEqual(queueOf(expected.values(), notebook))
      const newest = [...expected.values()].sort((a, b) => b.job.number - a.job.number)
      expect([...jobs.newest()]).toEqual(newest)
      expect([...jobs.newest(before)]).toEqual(newest.filter(({ job }) => job.number < before))
      const blobs = [...expected.values()].flatMap(({ checkpoints }) => checkpoints.flatMap((one) => one?.sha1 ?? []))
      expect([...jobs.checkpoints()].sort()).toEqual(blobs.sort())
      expect(jobs.unfinished()).toHaveLength(notebooks.flatMap((name) => queueOf(expected.values(), name)).length)
      expect(jobs.size).toBe(expected.size)
      for (let n = 0; n <= 40; n += 2) expect(jobs.ofRequest(`r${n}`)).toEqual(expected.get(`j${n}`))
    }),
    { numRuns: 300 },
  )
})

const modelFrom = (number: number, sizeBytes: number, code: string, ...jobs: string[]) =>
  ({
    number,
    served: false,
    model: { sizeBytes, verdict: { code }, origins: jobs.map((job) => ({ job, trial: 0, attempt: 1, at: now })) },
  }) as unknown as ModelRecord

test('models know the bytes of all, those of each job and those that are deployed, packed or not', () => {
  const models = createModels(unpack)
  const numbers = (records: readonly ModelRecord[]) => records.map(({ number }) => number)
  const x = modelFrom(1, 10, 'deployed', 'j1')
  models.lay('x', summaryOfModel(x), pack(x))
  models.set('y', modelFrom(2, 5, 'not-better', 'j1', 'j2'))
  expect(models.get('x')).toEqual(x)
  expect(models.get('x')).toBe(models.get('x'))
  expect([models.sizeBytes(), numbers(models.ofJob('j1')), numbers(models.deployed())]).toEqual([15, [1, 2], [1]])
  models.set('x', modelFrom(1, 10, 'replaced', 'j1', 'j3'))
  expect([models.sizeBytes(), numbers(models.ofJob('j1')).sort(), numbers(models.deployed())]).toEqual([15, [1, 2], []])
  expect(models.ofJob('j3')).toEqual([models.get('x')])
  models.delete('x')
  expect([models.sizeBytes(), numbers(models.ofJob('j1')), models.ofJob('j3')]).toEqual([5, [2], []])
  models.clear()
  expect([models.sizeBytes(), models.ofJob('j2'), [...models.newest()]]).toEqual([0, [], []])
})
