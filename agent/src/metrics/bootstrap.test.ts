import { expect, test } from 'vitest'
import { AgentError } from '../errors.ts'
import { naming, predict } from '../testing/predictions.ts'
import { metrics } from './index.ts'
import { meanOf } from './predictions.ts'

const right = (count: number, of: number) =>
  naming(
    Array.from({ length: of }, () => 0),
    Array.from({ length: of }, (_, i) => (i < count ? 0 : 1)),
    2,
  )

test('the interval of an accuracy is the binomial one: 1.96 standard errors to each side', async () => {
  const { value, low, high } = await metrics.intervalOf(right(600, 1000), 'accuracy', { resamples: 4000 })
  const error = Math.sqrt((0.6 * 0.4) / 1000)
  expect(value).toBe(0.6)
  // A quantile of 4,000 draws is off by a few hundredths of a standard error.
  expect(Math.abs(low - (0.6 - 1.96 * error))).toBeLessThan(error / 6)
  expect(Math.abs(high - (0.6 + 1.96 * error))).toBeLessThan(error / 6)
})

test('a lower level gives a narrower interval, another seed another one, the same seed the same', async () => {
  const answers = right(60, 100)
  const wide = await metrics.intervalOf(answers, 'accuracy')
  const narrow = await metrics.intervalOf(answers, 'accuracy', { level: 0.5 })
  expect(narrow.high - narrow.low).toBeLessThan((wide.high - wide.low) / 2)
  expect(await metrics.intervalOf(answers, 'accuracy', { seed: 0, resamples: 1000, level: 0.95 })).toEqual(wide)
  const values = meanOf(Array.from({ length: 100 }, (_, i) => i * Math.SQRT2))
  const { a } = await metrics.bootstrap(100, { a: values }, { seed: 1 })
  const { a: b } = await metrics.bootstrap(100, { a: values }, { seed: 2 })
  expect(a).not.toEqual(b)
})

test('one image has an interval of no width; a metric that is not defined has none', async () => {
  expect(await metrics.intervalOf(right(1, 1), 'accuracy')).toEqual({ value: 1, low: 1, high: 1 })
  const undefinedAuc = await metrics.intervalOf(
    predict(
      [1, 1],
      [
        [0, 1],
        [0, 1],
      ],
    ),
    'auc',
  )
  expect(undefinedAuc).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN })
})

test('all statistics see the same draws', async () => {
  const values = Array.from({ length: 50 }, (_, i) => i)
  const { rising, falling } = await metrics.bootstrap(50, {
    rising: meanOf(values),
    falling: meanOf(values.map((value) => -value)),
  })
  expect([falling.low, falling.high]).toEqual([-rising.high, -rising.low])
})

test.each([
  [{ resamples: 0 }, 'resamples'],
  [{ resamples: 1.5 }, 'resamples'],
  [{ level: 0 }, 'level'],
  [{ level: 1 }, 'level'],
  [{ level: Number.NaN }, 'level'],
])('options %j are refused', async (options, at) => {
  const refused = metrics.intervalOf(right(1, 2), 'accuracy', options)
  await expect(refused).rejects.toThrow(AgentError)
  await expect(refused).rejects.toMatchObject({ code: 'E_PREDICTIONS', at })
})

test('it is broken off by its signal, and meanwhile others get their turn', async () => {
  const controller = new AbortController()
  const busy = metrics.bootstrap(
    20_000,
    { mean: meanOf(new Uint8Array(20_000)) },
    { resamples: 1e6, signal: controller.signal },
  )
  setImmediate(() => controller.abort(new Error('enough')))
  await expect(busy).rejects.toThrow('enough')
})
