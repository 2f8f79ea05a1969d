import { describe, expect, test } from 'vitest'
import type { TrialState } from './records.ts'
import { isFinal, jobStateOf, moveTrial } from './states.ts'

const job = (text: string, stopping = false) =>
  jobStateOf(
    text.split(' ').map((state) => ({ state: state as TrialState })),
    stopping,
  )

describe('the state of a job', () => {
  test.each([
    ['waiting waiting', false, 'queued'],
    ['running waiting', false, 'running'],
    ['done waiting', false, 'running'],
    ['failed running', false, 'running'],
    ['done done', false, 'done'],
    ['done failed', false, 'failed'],
    ['cancelled failed', false, 'failed'],
    ['done cancelled', false, 'cancelled'],
    ['running cancelled', true, 'stopping'],
    ['done cancelled', true, 'cancelled'],
    ['done done', true, 'done'],
  ])('with trials %s, stopping %s, is %s', (trials, stopping, state) => {
    expect(job(trials, stopping)).toBe(state)
  })

  test.each([
    ['queued', false],
    ['running', false],
    ['stopping', false],
    ['done', true],
    ['failed', true],
    ['cancelled', true],
  ] as const)('%s is final: %s', (state, final) => {
    expect(isFinal(state)).toBe(final)
  })
})

test('a finished trial is never changed', () => {
  for (const next of ['waiting', 'running', 'failed', 'cancelled'] as const)
    expect(() => moveTrial('done', next)).toThrow(expect.objectContaining({ code: 'E_TRANSITION', got: next }))
})

test('a trial whose attempt was lost waits for the next one', () => {
  expect(moveTrial('running', 'waiting')).toBe('waiting')
  expect(moveTrial('waiting', 'running')).toBe('running')
})
