import { expect, test } from 'vitest'
import { at, modelOf } from './testRecords.ts'
import { testSetsOf } from './testSets.ts'

const on = (digit: string, seconds: number, more: object) => ({
  testSet: { fingerprint: digit.repeat(64), count: 7 },
  metrics: {},
  at: at(seconds),
  ...more,
})

test('the set of the last report comes first, then the others, newest first; what was not measured is not known', () => {
  const model = modelOf('a', {
    origins: [
      { job: 'j', trial: 0, attempt: 1, at: at(1) },
      { job: 'k', trial: 0, attempt: 1, at: at(9) },
    ],
    reevaluations: [
      on('b', 2, { metrics: { testAccuracy: 0.3 } }),
      on('c', 3, { metrics: { testAccuracy: 0.2 }, intervals: { testAccuracy: [0.1, 0.3] } }),
    ],
  })
  const row = ({ fingerprint, ...rest }: ReturnType<typeof testSetsOf>[number]) => [fingerprint[0], rest]
  expect(testSetsOf(model, 'testAccuracy', { testAccuracy: [0.35, 0.45] }).map(row)).toEqual([
    ['a', { count: 10, at: at(9), value: 0.4, interval: [0.35, 0.45], isOwn: true }],
    ['c', { count: 7, at: at(3), value: 0.2, interval: [0.1, 0.3], isOwn: false }],
    ['b', { count: 7, at: at(2), value: 0.3, interval: undefined, isOwn: false }],
  ])
  expect(testSetsOf(model, 'testAuc').map(({ value }) => value)).toEqual([undefined, undefined, undefined])
  expect(testSetsOf(modelOf('a'), 'testAccuracy')).toHaveLength(1)
})
