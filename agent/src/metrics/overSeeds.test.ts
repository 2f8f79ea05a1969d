import { expect, test } from 'vitest'
import { majorityBaseline } from './baselines.ts'
import { meanOverSeeds, seedsTable } from './overSeeds.ts'

test('the interval of 1 to 5 is what R gives: t.test(1:5)$conf.int is 1.036757 to 4.963243', () => {
  const { value, low, high } = meanOverSeeds([1, 2, 3, 4, 5])
  expect(value).toBe(3)
  expect(low).toBeCloseTo(1.036757, 3)
  expect(high).toBeCloseTo(4.963243, 3)
})

test('one seed has no interval, many have a narrow one, none is refused', () => {
  expect(meanOverSeeds([0.5])).toEqual({ value: 0.5, low: Number.NaN, high: Number.NaN })
  const many = meanOverSeeds(Array.from({ length: 100 }, (_, i) => i % 2))
  // Standard error √(25/99)/10 = 0.05025; t of 30 degrees, 2.042.
  expect(many.high - many.low).toBeCloseTo(2 * 2.042 * 0.05025, 3)
  expect(() => meanOverSeeds([])).toThrow(/values: expected at least one, got none/)
})

test('a table has a row for each way, then the baselines', () => {
  const set = { images: new Uint8Array(4), height: 1, width: 1, channels: 1, classCount: 2 }
  const test = { ...set, labels: Uint8Array.of(0, 0, 1, 1) }
  const all = { loss: 0, accuracy: 1, probabilities: Float32Array.of(1, 0, 1, 0, 0, 1, 0, 1) }
  const half = { loss: 0, accuracy: 0.5, probabilities: Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0) }
  const lines = seedsTable(test, { good: [all, all], mixed: [all, half], once: [half] }, [
    majorityBaseline({ labels: Uint8Array.of(1, 1, 0), classCount: 2 }, test),
  ]).split('\n')
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['accuracy', '95 % interval over seeds', 'seeds'],
    ['good', '100.0 %', '100.0 % to 100.0 %', '2'],
    // Mean 0.75, standard error 0.25, t of one degree 12.706: beyond both ends.
    ['mixed', '75.0 %', '0.0 % to 100.0 %', '2'],
    ['once', '50.0 %', '–', '1'],
    ['majority class', '50.0 %', '–', '–'],
    ['4 test images'],
  ])
})
