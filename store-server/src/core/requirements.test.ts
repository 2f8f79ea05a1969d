import type { ModelEvaluation, Requirement } from '@pawprint/protocol'
import { expect, test } from 'vitest'
import { type Measured, missedRequirements } from './requirements.ts'

const scored = (all: number) => ({ precision: all, recall: all, f1: all, support: 5, auc: all, averagePrecision: null })
// Recall of cat is 3 / 5, of dog 4 / 5; precision of cat 3 / 4.
const CONFUSION = {
  confusion: [
    [3, 2],
    [1, 4],
  ],
}
const measured = (evaluation: ModelEvaluation | null = CONFUSION, metrics: Record<string, number> = {}): Measured => ({
  classNames: ['cat', 'dog'],
  metrics: { testAccuracy: 0.7, latencyMs: 20.0004, ...metrics },
  evaluation,
})
const recall = (className: string, min: number): Requirement => ({ metric: 'recall', className, min })

test.each<[string, Requirement[], Measured]>([
  ['nothing is asked', [], measured(null)],
  ['a score is just what is asked', [recall('cat', 0.6), recall('dog', 0.8)], measured()],
  ['a value is on both its bounds', [{ metric: 'testAccuracy', min: 0.7, max: 0.7 }], measured()],
  ['0 is asked and 0 is there', [{ metric: 'testMap', min: 0 }], measured(null, { testMap: 0 })],
  ['only an upper bound is given', [{ metric: 'latencyMs', max: 21 }], measured(null)],
])('nothing is missed when %s', (_, requirements, given) => {
  expect(missedRequirements(requirements, given)).toBeNull()
})

test.each<[string, Requirement[], Measured, string]>([
  ['a class', [recall('cat', 0.75)], measured(), 'recall of cat is 0.60, the task asks for at least 0.75'],
  [
    'a precision',
    [{ metric: 'precision', className: 'cat', min: 0.9 }],
    measured(),
    'precision of cat is 0.75, the task asks for at least 0.90',
  ],
  [
    'a metric, by a hair',
    [{ metric: 'latencyMs', max: 20 }],
    measured(),
    'latencyMs is 20.0004, the task asks for at most 20.0000',
  ],
  [
    'an upper bound, with a lower one that holds',
    [{ metric: 'testAccuracy', min: 0.5, max: 0.6 }],
    measured(),
    'testAccuracy is 0.70, the task asks for at most 0.60',
  ],
  [
    'what was not measured',
    [
      { metric: 'testEce', max: 0.1 },
      { metric: 'auc', className: 'cat', min: 0.9 },
    ],
    measured(),
    'testEce is not known, the task asks for at most 0.1; auc of cat is not known, the task asks for at least 0.9',
  ],
  [
    'a class without an evaluation',
    [recall('dog', 0)],
    measured(null),
    'recall of dog is not known, the task asks for at least 0',
  ],
  [
    'a class of other names',
    [recall('owl', 0.5)],
    measured(),
    'recall of owl is not known, the task asks for at least 0.5',
  ],
  [
    'a class without test pictures',
    [recall('cat', 0)],
    measured({
      confusion: [
        [0, 0],
        [1, 4],
      ],
    }),
    'recall of cat is not known, the task asks for at least 0',
  ],
  [
    'what its agent sent, before what its confusion gives',
    [recall('cat', 0.6), { metric: 'auc', className: 'dog', min: 0.95 }],
    measured({ ...CONFUSION, classes: [scored(0.5), scored(0.9)] }),
    'recall of cat is 0.50, the task asks for at least 0.60; auc of dog is 0.90, the task asks for at least 0.95',
  ],
  [
    'a score that is null',
    [{ metric: 'averagePrecision', className: 'cat', max: 1 }],
    measured({ classes: [scored(0.5), scored(0.9)] }),
    'averagePrecision of cat is not known, the task asks for at most 1',
  ],
])('missed is %s', (_, requirements, given, words) => {
  expect(missedRequirements(requirements, given)).toBe(words)
})

test('three misses are told, of more their number', () => {
  const five = [0.71, 0.72, 0.73, 0.74, 0.75].map((min): Requirement => ({ metric: 'testAccuracy', min }))
  const words = missedRequirements(five, measured())
  expect(words?.split('; ')).toHaveLength(4)
  expect(words).toMatch(/^testAccuracy is 0\.70, the task asks for at least 0\.71; .*; and 2 more$/)
})
