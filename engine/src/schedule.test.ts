import { describe, expect, test } from 'vitest'
import { rateFactor } from './schedule.ts'
import type { Schedule } from './types.ts'

const NONE: readonly number[] = []
const at = (schedule: Schedule, epochsDone: number, validationLosses = NONE): number =>
  rateFactor(schedule, { epochsDone, epochs: 10, validationLosses })

describe('the factor on the learning rate', () => {
  test.each<[string, Schedule, readonly [epochsDone: number, factor: number][]]>([
    [
      'constant',
      { type: 'constant' },
      [
        [0, 1],
        [9.9, 1],
      ],
    ],
    [
      'warm-up',
      { type: 'constant', warmUpEpochs: 2 },
      [
        [0, 0],
        [0.5, 0.25],
        [1, 0.5],
        [2, 1],
      ],
    ],
    [
      'step',
      { type: 'step', every: 3, factor: 0.5 },
      [
        [0, 1],
        [2.9, 1],
        [3, 0.5],
        [6, 0.25],
      ],
    ],
    [
      'step after warm-up',
      { type: 'step', every: 3, factor: 0.5, warmUpEpochs: 1 },
      [
        [1, 1],
        [3.9, 1],
        [4, 0.5],
      ],
    ],
    [
      'cosine',
      { type: 'cosine' },
      [
        [0, 1],
        [5, 0.5],
        [10, 0],
      ],
    ],
    [
      'cosine to a floor',
      { type: 'cosine', floor: 0.2 },
      [
        [0, 1],
        [5, 0.6],
        [10, 0.2],
      ],
    ],
    [
      'exponential',
      { type: 'exponential', end: 0.01 },
      [
        [0, 1],
        [5, 0.1],
        [10, 0.01],
      ],
    ],
    [
      'a sweep upwards after warm-up',
      { type: 'exponential', end: 16, warmUpEpochs: 2 },
      [
        [1, 0.5],
        [4, 2],
        [10, 16],
      ],
    ],
    [
      'cosine after warm-up',
      { type: 'cosine', warmUpEpochs: 2 },
      [
        [1, 0.5],
        [2, 1],
        [6, 0.5],
        [10, 0],
      ],
    ],
  ])('%s', (_, schedule, expected) => {
    for (const [epochsDone, factor] of expected) expect(at(schedule, epochsDone)).toBeCloseTo(factor, 12)
  })

  test.each<[readonly number[], number]>([
    [[], 1],
    [[3, 2, 1], 1],
    [[3, 3], 1],
    [[3, 3, 3], 0.5],
    [[3, 4, 5, 2, 3, 3], 0.25],
    [[3, 4, 5, 6, 7], 0.25],
    [[3, 4, 5, 6, 7, 8, 9], 0.2],
    [[Number.NaN, Number.NaN], 0.5],
  ])('after validation losses %j it is %d on a plateau of 2', (losses, factor) => {
    const schedule: Schedule = { type: 'plateau', patience: 2, factor: 0.5, floor: 0.2 }
    expect(at(schedule, losses.length, losses)).toBe(factor)
  })
})
