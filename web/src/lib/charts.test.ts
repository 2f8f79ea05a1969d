import type { MetricPoint } from '@pawprint/protocol'
import { describe, expect, test } from 'vitest'
import { CHART_EDGE, curvePath, downsample, type Frame, niceRange, niceStep, stepsOf, xOf, yOf } from './chart.ts'
import { addPoints, curvesOf, MAX_CURVES, MAX_POINTS, openCurves } from './curves.ts'

const point = (seq: number, step: number, value: number, over: Partial<MetricPoint> = {}): MetricPoint => ({
  seq,
  trial: 0,
  attempt: 1,
  epoch: 0,
  step,
  name: 'loss',
  value,
  ...over,
})

describe('curves', () => {
  test('take each point once, by name and trial, oldest trial first', () => {
    const curves = openCurves()
    addPoints(curves, [point(1, 10, 2, { trial: 1 }), point(2, 10, 3), point(3, 10, 0.1, { name: 'accuracy' })])
    addPoints(curves, [point(2, 10, 3), point(4, 20, 1)])
    expect(curvesOf(curves, 'loss').map(({ trial, steps, values }) => [trial, steps, values])).toEqual([
      [0, [10, 20], [3, 1]],
      [1, [10], [2]],
    ])
    expect(curves.lastSeq).toBe(4)
  })

  test('a later attempt goes on from its checkpoint, and late points of the lost one are left out', () => {
    const curves = openCurves()
    addPoints(
      curves,
      [1, 2, 3, 4].map((step) => point(step, step * 10, step)),
    )
    addPoints(curves, [point(5, 30, 9, { attempt: 2 }), point(6, 50, 5)])
    expect(curvesOf(curves, 'loss')[0]).toMatchObject({ steps: [10, 20, 30], values: [1, 2, 9] })
  })

  test('stay small however long the training', () => {
    const curves = openCurves()
    addPoints(
      curves,
      Array.from({ length: 50_000 }, (_, i) => point(i + 1, i, i)),
    )
    const [curve] = curvesOf(curves, 'loss')
    expect(curve?.steps.length).toBeLessThanOrEqual(MAX_POINTS)
    expect(curve?.steps[0]).toBe(0)
    expect(curve?.steps).toEqual(curve?.values)
    addPoints(
      curves,
      Array.from({ length: 100 }, (_, i) => point(60_000 + i, 1, 1, { trial: i })),
    )
    expect(curvesOf(curves, 'loss')).toHaveLength(MAX_CURVES)
    expect(curvesOf(curves, 'loss').at(-1)?.trial).toBe(99)
  })
})

test.each([
  [0.9, 1],
  [1.1, 2],
  [2.2, 2.5],
  [3, 5],
  [7, 10],
  [0.03, 0.05],
  [120, 200],
])('the nice step from %d on is %d', (value, step) => {
  expect(niceStep(value)).toBeCloseTo(step, 12)
})

test.each([
  [[], false, [0, 1]],
  [[1.62, 2.3], false, [1.6, 2.4]],
  [[0.1, 0.436], true, [0, 0.5]],
  [[2, 2], false, [1, 3]],
  [[0, 0], true, [0, 1]],
  [[-3, 5], false, [-4, 6]],
])('the range of %j, from 0: %j, is %j', (values, from0, [low, high]) => {
  const range = niceRange(values, from0)
  expect(range.low).toBeCloseTo(low ?? 0, 9)
  expect(range.high).toBeCloseTo(high ?? 0, 9)
})

describe('a chart', () => {
  const frame: Frame = { width: 244, height: 100, steps: 1000, range: { low: 0, high: 1 } }

  test('puts the first step at the left edge, the last at the right one, high values on top', () => {
    expect([xOf(frame, 0), xOf(frame, 1000)]).toEqual([CHART_EDGE.left, 244 - CHART_EDGE.right])
    expect([yOf(frame, 1), yOf(frame, 0)]).toEqual([CHART_EDGE.top, 100 - CHART_EDGE.bottom])
    expect(yOf(frame, 7)).toBe(CHART_EDGE.top)
  })

  test('draws a path through its points, a dot for one, nothing for none', () => {
    expect(curvePath({ steps: [0, 500, 1000], values: [0, 0.5, 1] }, frame)).toBe('M36.0 82.0L136.0 45.0L236.0 8.0')
    expect(curvePath({ steps: [0], values: [0] }, frame)).toBe('M36.0 82.0h0')
    expect(curvePath({ steps: [], values: [] }, frame)).toBe('')
  })

  test('never draws much more than its width, and loses no spike', () => {
    const values = Array.from({ length: 10_000 }, (_, i) => (i === 7777 ? 9 : i === 3333 ? -9 : Math.sin(i)))
    const kept = downsample({ steps: values.map((_, i) => i), values }, 200)
    expect(kept.length).toBeLessThanOrEqual(402)
    expect(kept).toEqual(expect.arrayContaining([0, 3333, 7777, 9999]))
    expect(kept).toEqual([...kept].sort((a, b) => a - b))
  })
})

test.each([
  [[], 1],
  [[{ step: 620, progress: 0.62, done: false }], 1000],
  [[{ step: 623, progress: 0.61, done: false }], 1100],
  [
    [
      { step: 5000, progress: 1, done: true },
      { step: 700, progress: 0.1, done: false },
    ],
    5000,
  ],
  [[{ step: 10, progress: 0, done: false }], 10],
])('the whole length from %j is %i steps', (ends, steps) => {
  expect(stepsOf(ends)).toBe(steps)
})
