import { expect, test } from 'vitest'
import { seededRandom } from '../../datasets/random.ts'
import { rateChart } from './rateChart.ts'
import { beforeExplosion, smooth, steepestRate } from './rateCurve.ts'

/** Rates from 1e-6 to 10. */
const RATES = Array.from({ length: 140 }, (_, i) => 1e-6 * 1e7 ** (i / 140))

test.each([1e-4, 1e-3, 0.02])('a logistic fall around %d is steepest there, with noise or without', (middle) => {
  const random = seededRandom(3)
  const losses = RATES.map((rate) => 0.1 + 2 / (1 + (rate / middle) ** 2))
  const noisy = losses.map((loss) => loss * random.between(0.97, 1.03))
  for (const all of [losses, noisy]) {
    const found = steepestRate(RATES, smooth(all, RATES.length)) ?? Number.NaN
    expect(Math.abs(Math.log10(found / middle))).toBeLessThan(0.12)
  }
})

test.each([
  ['stays', RATES.map(() => 2)],
  ['rises', RATES.map((rate) => 2 + rate)],
  ['falls by less than noise', RATES.map((rate) => 2 - rate / 1000)],
  ['is a single number', [2]],
])('a loss that %s suggests nothing', (_, losses) => {
  expect(steepestRate(RATES, smooth(losses, RATES.length))).toBeNull()
})

test.each<[string, number[], number]>([
  ['falls', [3, 2, 1, 1, 1], 5],
  ['has one bad batch', [1, 1, 1, 5, 1, 1], 6],
  ['explodes', [1, 1, 1, 20, 400], 3],
  ['is no number', [1, 1, Number.NaN], 2],
  ['is infinite at once', [Number.POSITIVE_INFINITY], 0],
])('a loss that %s: what comes before the explosion', (_, losses, count) => {
  expect(beforeExplosion(losses)).toBe(count)
})

test('smoothing keeps a straight line straight but for its ends, and shifts nothing', () => {
  const line = RATES.map((_, i) => i)
  const smoothed = smooth(line, line.length)
  for (let i = 20; i < 120; i++) expect(smoothed[i]).toBeCloseTo(i, 3)
  const peak = RATES.map((_, i) => (i === 70 ? 1 : 0))
  expect(smooth(peak, 140).indexOf(Math.max(...smooth(peak, 140)))).toBe(70)
})

test('the chart has decades, both lines and the suggestion, and its title as text', () => {
  const sweep = { rates: [0.01, 0.1, 1], losses: [3, 2, 1], smoothed: [3, 2, 1], suggestion: 0.1 }
  const svg = rateChart(sweep, 'a <b>')
  expect(svg).toContain('<title>a &lt;b&gt;</title>')
  for (const exponent of [-2, -1, 0]) expect(svg).toContain(`>1e${exponent}<`)
  // From 48 to 448 px wide, 26 to 186 px high, with a twentieth of the range above and below.
  expect(svg.match(/M48\.0 33\.3L248\.0 106\.0L448\.0 178\.7/g)).toHaveLength(2)
  expect(svg).toContain('M248.0 26V186')
  expect(rateChart({ ...sweep, suggestion: null }, '')).not.toContain('stroke-dasharray')
  expect(rateChart({ rates: [], losses: [], smoothed: [], suggestion: null }, '')).toBe('')
})
