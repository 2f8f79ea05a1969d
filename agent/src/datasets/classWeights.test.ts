import fc from 'fast-check'
import { expect, test } from 'vitest'
import { classWeightsOf } from './classWeights.ts'

test.each<[number[], number, number[]]>([
  // The example of scikit-learn's documentation of compute_class_weight: classes 0 and 1, y = 1 1 1 1 0 0.
  [[1, 1, 1, 1, 0, 0], 2, [1.5, 0.75]],
  [[0, 1, 2], 3, [1, 1, 1]],
  [[0, 0, 0, 2], 3, [4 / 6, 0, 2]],
  [[], 2, [0, 0]],
])('of the labels %j and %i classes the weights are %j', (labels, classCount, weights) => {
  expect(classWeightsOf(labels, classCount)).toEqual(weights)
  expect(classWeightsOf(Uint8Array.from(labels), classCount)).toEqual(weights)
})

test('each class present weighs the same in all, and an image 1 on average', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 100 }), (labels) => {
      const weights = classWeightsOf(labels, 6)
      const of = (label: number): number => labels.filter((one) => one === label).length * (weights[label] as number)
      const present = new Set(labels)
      for (const label of present) expect(of(label)).toBeCloseTo(labels.length / present.size, 9)
      const sum = labels.reduce((total, label) => total + (weights[label] as number), 0)
      expect(sum).toBeCloseTo(labels.length, 9)
    }),
  )
})
