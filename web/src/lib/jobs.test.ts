import { describe, expect, test } from 'vitest'
import {
  isOpen,
  jobSecondsLeft,
  nameJobs,
  presentTrial,
  secondsAtStake,
  trialSecondsLeft,
  usualSeconds,
} from './estimate.ts'
import { pickJob, pickNotebook, queueOf, trialsInView } from './pick.ts'
import { routeOf } from './route.ts'
import { at, jobOf, notebookOf, sha1Of, trialOf } from './testRecords.ts'

const nowMs = Date.parse(at(1000))
const running = trialOf({ index: 1, state: 'running', progress: 0.25, startedAt: at(990) })
const done = trialOf({ state: 'done', progress: 1, startedAt: at(900), endedAt: at(980) })
const waiting = trialOf({ index: 2 })

describe('estimates', () => {
  test('a trial that did a quarter in 10 s needs 30 s more', () => expect(trialSecondsLeft(running, nowMs)).toBe(30))

  test('nothing is foretold of a trial that has just begun, or is over', () => {
    expect(trialSecondsLeft({ ...running, progress: 0.01 }, nowMs)).toBeNull()
    expect(trialSecondsLeft(done, nowMs)).toBeNull()
  })

  test('a job takes what runs and what waits, by its own trials before the notebook’s', () => {
    const job = jobOf({ trials: [done, running, waiting] })
    expect(usualSeconds(job, notebookOf({ trialSeconds: 5 }))).toBe(80)
    expect(jobSecondsLeft(job, undefined, nowMs)).toBe(110)
    expect(jobSecondsLeft(jobOf({ trials: [running, waiting] }), notebookOf({ trialSeconds: 5 }), nowMs)).toBe(35)
    expect(jobSecondsLeft(jobOf({ trials: [running, waiting] }), undefined, nowMs)).toBeNull()
  })

  test('stopping loses the time of the longest running trial', () => {
    expect(secondsAtStake(jobOf({ trials: [done, running, { ...running, startedAt: at(600) }] }), nowMs)).toBe(400)
    expect(secondsAtStake(jobOf({ trials: [done] }), nowMs)).toBe(0)
  })

  test('the trial to speak of runs, else waits, else is the last', () => {
    expect(presentTrial(jobOf({ trials: [done, running, waiting] }))).toBe(running)
    expect(presentTrial(jobOf({ trials: [done, waiting] }))).toBe(waiting)
    expect(presentTrial(jobOf({ trials: [done] }))).toBe(done)
  })

  test.each([
    [[14], 'job 14'],
    [[14, 15], 'jobs 14 and 15'],
    [[14, 15, 16], 'jobs 14, 15 and 16'],
    [[1, 2, 3, 4, 5], '5 jobs'],
  ])('names %j as "%s"', (numbers, words) => {
    expect(nameJobs(numbers)).toBe(words)
  })

  test('a job is open until it is over', () => {
    const states = ['queued', 'running', 'stopping', 'done', 'failed', 'cancelled'] as const
    expect(states.map((state) => isOpen(jobOf({ state })))).toEqual([true, true, true, false, false, false])
  })
})

describe('what is shown first', () => {
  const idle = notebookOf({ name: 'idle' })
  const busy = notebookOf({ name: 'busy', state: 'busy' })

  test('the chosen notebook, else the busy one, else the idle one that was at work last, else an idle one, else any', () => {
    const gone = notebookOf({ name: 'gone', state: 'gone' })
    const other = notebookOf({ name: 'other', state: 'idle' })
    const jobs = [jobOf({ number: 2, notebook: 'gone' }), jobOf({ number: 1, notebook: 'other' })]
    expect(pickNotebook([gone, idle, other, busy], 'idle', jobs)).toBe(idle)
    expect(pickNotebook([gone, idle, other, busy], 'forgotten', jobs)).toBe(busy)
    expect(pickNotebook([gone, idle, other], null, jobs)).toBe(other)
    expect(pickNotebook([gone, idle, other], null, [])).toBe(idle)
    expect(pickNotebook([gone], null, [])).toBe(gone)
    expect(pickNotebook([], null, jobs)).toBeNull()
  })

  test('the chosen job, else the notebook’s active one, else its newest that began', () => {
    const jobs = [
      jobOf({ number: 4, notebook: 'busy', state: 'queued' }),
      jobOf({ number: 3, notebook: 'busy', state: 'done' }),
      jobOf({ number: 2, notebook: 'busy' }),
      jobOf({ number: 1, notebook: 'idle', state: 'failed' }),
    ]
    expect(pickJob(jobs, busy, 'job1')?.number).toBe(1)
    expect(pickJob(jobs, busy, null)?.number).toBe(2)
    expect(pickJob(jobs, idle, null)?.number).toBe(1)
    expect(pickJob(jobs, null, null)).toBeNull()
    expect(pickJob(jobs.slice(0, 2), busy, null)?.number).toBe(3)
  })

  test('the queue of a notebook, next job first', () => {
    const jobs = [5, 4, 3].map((number) => jobOf({ number, state: number === 3 ? 'running' : 'queued' }))
    expect(
      queueOf([...jobs, jobOf({ number: 9, state: 'queued', notebook: 'other' })], 'cifar10').map(
        ({ number }) => number,
      ),
    ).toEqual([4, 5])
  })

  test('a queue is in the order of its places, not of its numbers', () => {
    const moved = [5, 6, 7].map((number, i) => jobOf({ number, state: 'queued', position: [2, 3, 1][i] ?? 1 }))
    expect(queueOf(moved, 'cifar10').map(({ number }) => number)).toEqual([7, 5, 6])
  })

  test('a large grid is shown around the trial that runs', () => {
    const trials = Array.from({ length: 100 }, (_, index) =>
      trialOf({ index, state: index < 50 ? 'done' : index === 50 ? 'running' : 'waiting' }),
    )
    const shown = trialsInView(trials, 12).map(({ index }) => index)
    expect(shown).toHaveLength(12)
    expect(shown).toEqual(expect.arrayContaining([49, 50, 51]))
    expect(trialsInView(trials.slice(0, 12), 12)).toHaveLength(12)
    expect(trialsInView(trials.slice(51), 12)[0]?.index).toBe(51)
  })
})

test.each([
  [`#model/${sha1Of('a')}`, { type: 'model', sha1: sha1Of('a') }],
  ['#model/abc', { type: 'none' }],
  [`#model/${sha1Of('A')}`, { type: 'none' }],
  ['#history/pet-breeds', { type: 'history', task: 'pet-breeds' }],
  ['#history/../x', { type: 'none' }],
  ['#job', { type: 'none' }],
  ['', { type: 'none' }],
])('the address %j asks for %j', (hash, route) => {
  expect(routeOf(hash)).toEqual(route)
})
