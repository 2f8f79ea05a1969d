import { expect, test } from 'vitest'
import { reproducingJob } from './reproductions.ts'
import { jobOf, modelOf, TIME } from './testRecords.ts'

const { sha1 } = modelOf('a')
const reproduces = { sha1, engine: 'cpu', result: null }

test('the job that is at it is found, one that has ended or is for another model is not', () => {
  const at = jobOf({ number: 3, state: 'queued', reproduces })
  const jobs = [
    jobOf({ number: 6, state: 'running' }),
    jobOf({ number: 5, state: 'running', reproduces: { ...reproduces, sha1: modelOf('b').sha1 } }),
    jobOf({ number: 4, state: 'done', reproduces: { ...reproduces, result: { sha1, isSame: true, at: TIME } } }),
    jobOf({ number: 2, state: 'failed', reproduces }),
  ]
  expect(reproducingJob([...jobs, at], sha1)).toBe(at)
  expect(reproducingJob(jobs, sha1)).toBeUndefined()
})
