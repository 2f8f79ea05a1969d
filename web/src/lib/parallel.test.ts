import { TEST_ACCURACY } from '@pawprint/protocol'
import { describe, expect, test } from 'vitest'
import { differingKeys, showParam, showParams } from './differs.ts'
import { axisX, LINES_EDGE, labelPlaces, placeOn, placeY, strandPath, strandsOf } from './parallel.ts'
import { modelOf } from './testRecords.ts'

const run = (digit: string, lr: number, filters: number, accuracy: number, finite = true) =>
  modelOf(digit, {
    params: { EPOCHS: 1, LEARNING_RATE: lr, NUM_FILTERS: filters },
    metrics: { testAccuracy: accuracy },
    finite,
  })
const RUNS = [
  run('a', 0.001, 40, 0.423),
  run('b', 0.002, 40, 0.412),
  run('c', 0.001, 20, 0.388),
  run('d', 0.002, 20, 0.1, false),
]

test('only keys that differ are named, in their order', () => {
  expect(differingKeys(RUNS.map(({ params }) => params))).toEqual(['LEARNING_RATE', 'NUM_FILTERS'])
  expect(differingKeys([{ A: 1 }])).toEqual([])
  expect(differingKeys([])).toEqual([])
  expect(differingKeys([{ A: 1 }, { A: 1, B: 2 }])).toEqual(['B'])
  expect(showParams({ A: 0.1 + 0.2, B: 2 }, ['A', 'C'])).toBe('A 0.3 · C –')
  expect(showParam(0.0017929999999999999)).toBe('0.001793')
})

describe('parallel coordinates', () => {
  const { axes, strands } = strandsOf(RUNS, TEST_ACCURACY)

  test('have the keys that differ and the metric last', () => {
    expect(axes.map(({ name, low, high }) => [name, low, high])).toEqual([
      ['LEARNING_RATE', 0.001, 0.002],
      ['NUM_FILTERS', 20, 40],
      ['testAccuracy', 0, 0.5],
    ])
  })

  test('mark the best, drawn in front, and broken ones', () => {
    expect(strands.map(({ sha1, kind }) => `${sha1[0]} ${kind}`)).toEqual(['b plain', 'c plain', 'd lost', 'a best'])
    expect(strands.at(-1)?.places).toEqual([0, 1, 0.846])
  })

  test('the lowest is the best where less is better', () => {
    const metric = { name: 'testAccuracy', direction: 'min', min: 0, max: 1 } as const
    expect(strandsOf(RUNS, metric).strands.at(-1)?.sha1[0]).toBe('c')
  })

  test('a wide range of positive values is spread by its logarithm', () => {
    const axis = strandsOf([run('a', 0.001, 20, 0.4), run('b', 0.1, 20, 0.3)], TEST_ACCURACY).axes[0]
    if (axis === undefined) throw new Error('no axis')
    expect(placeOn(axis, 0.01)).toBeCloseTo(0.5, 9)
    expect(placeOn({ name: 'x', low: 2, high: 2, log: false }, 2)).toBe(0.5)
  })

  test('lines begin at the first axis and end at the last', () => {
    expect([axisX(0, 3, 500), axisX(2, 3, 500), axisX(0, 1, 500)]).toEqual([LINES_EDGE.left, 434, 434])
    expect([placeY(1, 190), placeY(0, 190)]).toEqual([LINES_EDGE.top, 170])
    expect(strandPath([0, 1], 500, 190)).toBe('M54.0 170.0C244.0 170.0 244.0 34.0 434.0 34.0')
  })

  test('labels do not cover each other, and the best has one in any case', () => {
    const labels = labelPlaces(strands, 190)
    expect(labels[0]?.sha1[0]).toBe('a')
    const ys = labels.map(({ y }) => y).sort((a, b) => a - b)
    for (let i = 1; i < ys.length; i++) expect((ys[i] ?? 0) - (ys[i - 1] ?? 0)).toBeGreaterThanOrEqual(13)
  })
})
