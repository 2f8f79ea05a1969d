import { expect, test } from 'vitest'
import type { Assignment } from './assignment.ts'
import { createRunner } from './runner.ts'

const assignment = (trial: number): Assignment => ({
  type: 'run',
  job: 'j',
  trial,
  attempt: 1,
  lease: `l${trial}`,
  jobNumber: 1,
  trials: 9,
  params: {},
  seed: 0,
})

function setUp(slots: number) {
  const started: number[] = []
  const ends = new Map<number, () => void>()
  const runner = createRunner(slots, ({ trial }, signal) => {
    started.push(trial)
    return new Promise((resolve) => {
      ends.set(trial, resolve)
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
  })
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  const end = async (trial: number): Promise<void> => {
    ends.get(trial)?.()
    await settle()
  }
  return { runner, started, end }
}

test('nothing starts before it is opened; then as many as there are slots, in order', async () => {
  const { runner, started, end } = setUp(2)
  for (const trial of [0, 1, 2, 3]) runner.run(assignment(trial))
  expect(started).toEqual([])
  runner.open()
  expect(started).toEqual([0, 1])
  await end(1)
  expect(started).toEqual([0, 1, 2])
  expect(runner.attempts().map(({ trial }) => trial)).toEqual([0, 2, 3])
})

test('an attempt that the store sends again is not run twice', () => {
  const { runner, started } = setUp(2)
  runner.open()
  runner.run(assignment(0))
  runner.run(assignment(0))
  expect(started).toEqual([0])
})

test('stopping all resolves when all have ended, those that waited too', async () => {
  const { runner, started } = setUp(1)
  runner.open()
  runner.run(assignment(0))
  runner.run(assignment(1))
  await runner.stopAll(new Error('stop'))
  expect(started).toEqual([0, 1])
  expect(runner.attempts()).toEqual([])
  expect(runner.stop(assignment(0), new Error('late'))).toBe(false)
})
